/** Tests of the table of hosts. */

import assert from "node:assert/strict";
import { listHosts } from "../../../cli/hosts_list.ts";
import type { FleetHost } from "../../../coordination/mod.ts";
import { failedSlot, slot } from "../rollout/views.ts";
import { fleetService } from "./fleet_host.ts";

const NOW_MS = 1_000_000;
const SAID_MS = NOW_MS - 90_000;

function list(services: Record<string, readonly Partial<FleetHost>[]>): string[] {
  const told = Object.entries(services).map(([name, hosts]) =>
    [name, fleetService(hosts)] as const
  );
  const table = listHosts({ services: Object.fromEntries(told), queue: [] }, {
    nowMs: NOW_MS,
    columns: Infinity,
  });
  return table.split("\n").slice(1).map((line) => line.replaceAll(/ +/g, " ").trim());
}

Deno.test("listHosts: by host, then service, with what is to be known of each", () => {
  assert.deepEqual(
    list({
      web: [
        { slot: slot("web-1", { to: "v2", step: "baking" }) },
        { host: "web-2", version: "v2" },
        { host: "web-3", slot: failedSlot("web-3", { to: "v2" }) },
        { host: "web-4", online: false, state: "down", version: null },
        { host: "web-5", state: "down", version: null, newcomer: true },
      ],
      api: [{ host: "web-4" }, {}],
    }),
    [
      "web-1 ams/r1 api v1 serving",
      "web-1 ams/r1 web v1 serving holds its slot (baking, to v2)",
      "web-2 ams/r1 web v2 serving not the committed v1; it stays on v2 until the next rollout",
      "web-3 ams/r1 web v1 serving v2 failed",
      "web-4 ams/r1 api v1 serving",
      "web-4 ams/r1 web - offline its agent is online without web: taken out of its config? " +
      "rollcall hosts forget web-4 --service web",
      "web-5 ams/r1 web - new",
    ],
  );
});

Deno.test("listHosts: a fleet without hosts may be another one than was meant", () => {
  assert.match(
    listHosts({ services: {}, queue: [] }, { nowMs: NOW_MS, columns: Infinity }),
    /^No host is known yet\. [^]*chroot/,
  );
});

Deno.test("listHosts: who is drained, by whom, since when, why, and how far its agent is", () => {
  const drained = { by: "ann", reason: "disk swap", sinceMs: SAID_MS };
  const ended = { by: "bob", reason: null, sinceMs: NOW_MS - 5_000 };
  const offline = { online: false, state: "down", version: null } as const;
  const about = list({
    web: [
      { drained, drainDone: { sinceMs: SAID_MS } },
      { host: "web-2", drained },
      {
        host: "web-3",
        drained,
        drainDone: { sinceMs: SAID_MS, problem: "the drain hook failed: exit status 1" },
      },
      { host: "web-4", drained, drainDone: { sinceMs: SAID_MS, hasHook: false } },
      { host: "web-5", drained, ...offline },
      { host: "web-6", drained: { ...drained, ended }, drainDone: { sinceMs: SAID_MS } },
      { host: "web-7", drained: { ...drained, ended }, ...offline },
      // Its clock is ahead of the reader's.
      {
        host: "web-8",
        drained: { ...drained, sinceMs: NOW_MS + 5_000 },
        drainDone: { sinceMs: NOW_MS + 5_000 },
      },
    ],
  }).map((line) => line.replace(/^.*? (serving|offline) /, ""));
  const told = "drained by ann 1 min 30 s ago: disk swap";
  assert.deepEqual(about, [
    told,
    `${told}; its drain hook has still to run`,
    `${told}; the drain hook failed: exit status 1`,
    `${told}; its config has no drain hook`,
    told,
    "is being put back, by bob 5.0 s ago",
    "is put back when its agent is online, by bob 5.0 s ago",
    "drained by ann: disk swap",
  ]);
});

Deno.test("listHosts: no line is wider than the terminal, and none is cut inside a word", () => {
  const quarantined = { reason: "started again more than 2 times within 60 s", sinceMs: 0 };
  const web = fleetService([{ quarantined }, { host: "web-2" }]);
  const table = listHosts({ services: { web }, queue: [] }, { nowMs: NOW_MS, columns: 80 });
  assert.deepEqual(table.split("\n").slice(1), [
    "web-1  ams/r1     web      v1    serving  in quarantine: started again more than",
    "                                            2 times within 60 s",
    "web-2  ams/r1     web      v1    serving",
  ]);
});
