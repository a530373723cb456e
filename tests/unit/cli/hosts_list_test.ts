/** Tests of the table of hosts. */

import assert from "node:assert/strict";
import { listHosts } from "../../../cli/hosts_list.ts";
import type { FleetHost } from "../../../coordination/mod.ts";
import { failedSlot, slot } from "../rollout/views.ts";
import { fleetService } from "./fleet_host.ts";

function list(services: Record<string, readonly Partial<FleetHost>[]>): string[] {
  const told = Object.entries(services).map(([name, hosts]) =>
    [name, fleetService(hosts)] as const
  );
  const table = listHosts({ services: Object.fromEntries(told), queue: [] });
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
  assert.match(listHosts({ services: {}, queue: [] }), /^No host is known yet\. .*chroot/);
});
