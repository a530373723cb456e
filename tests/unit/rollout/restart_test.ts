/** Tests of a restart: the same version, started anew. */

import assert from "node:assert/strict";
import {
  decideFinish,
  decideRejoin,
  decideRestart,
  isSameRelease,
  type ReleaseIdentity,
  toCensus,
} from "../../../rollout/mod.ts";
import { failedSlot, service, view, type ViewChanges, wave } from "./views.ts";

const KNOWN = { restart: null } as const;
const ALL_KNOWN = { "web-1": KNOWN, "web-2": KNOWN, "web-3": KNOWN };

function decide(changes: ViewChanges = {}, entry: Parameters<typeof service>[0] = {}) {
  const found = {
    view: view({ current: ALL_KNOWN, ...changes }),
    service: { entry: service(entry), znodeVersion: 0 },
  };
  return decideRestart(found, "A");
}

Deno.test("isSameRelease: a process of another restart is not what is wanted; where nobody asks, any will do", () => {
  const of = (restart?: string | null): ReleaseIdentity => ({ version: "1", restart });
  assert.ok(!isSameRelease(of("r-2"), of(null)));
  assert.ok(!isSameRelease(of("r-2"), of("r-1")));
  assert.ok(isSameRelease(of("r-2"), of("r-2")));
  assert.ok(isSameRelease(of(), of("r-2")));
  assert.ok(isSameRelease(of(undefined), of(null)));
});

Deno.test("decideRestart: the committed release, whichever restart it is of, and who runs another one", () => {
  const release = { service: "A", version: "1", infoHash: null, sizeBytes: 0, torrentUrl: null };
  const before = { ...release, restart: "r-1" };
  const other = { ...ALL_KNOWN, "web-2": { version: "2", restart: null } };
  assert.deepEqual(decide({ current: other }, { committed: before }), {
    kind: "restart",
    release,
    others: ["web-2"],
  });
});

Deno.test("decideRestart: not without a committed version, hosts, or agents that know restarts", () => {
  const why = (decision: ReturnType<typeof decide>) =>
    decision.kind === "refused" ? decision.why : "";
  assert.match(why(decide({}, { committed: null })), /no version of A is committed yet/);
  assert.match(why(decide({ roster: [] })), /no host has A in its config/);
  assert.match(
    why(decide({ current: { ...ALL_KNOWN, "web-2": {} } })),
    /the agents of web-2 are of an earlier version/,
  );
  assert.equal(decide({ current: { ...ALL_KNOWN, "web-2": { version: null } } }).kind, "restart");
});

Deno.test("restart: a wave is over when all have started since, and a failure of an earlier one is none of it", () => {
  const again = wave({ version: "1", restart: "r-2" });
  const started = { restart: "r-2" };
  const all = { "web-1": started, "web-2": started, "web-3": started };
  const finish = (changes: ViewChanges) =>
    decideFinish(toCensus(view({ wave: again, ...changes }), "web-1"));
  assert.equal(finish({ current: ALL_KNOWN }), "going_on");
  assert.equal(finish({ current: { ...all, "web-2": { restart: "r-1" } } }), "going_on");
  assert.equal(finish({ current: all }), "finished");
  const record = failedSlot("web-2", { to: "1", restart: "r-1" });
  const policy = { maxFailures: 1 };
  const left = { ...all, "web-2": KNOWN };
  assert.equal(finish({ current: left, slots: [record], policy }), "going_on");
  assert.equal(
    finish({ current: left, slots: [{ ...record, restart: "r-2" }], policy }),
    "finished",
  );
});

Deno.test("restart: who comes back starts what was restarted as what it is, and need not start it once more", () => {
  const committed = {
    service: "A",
    version: "1",
    infoHash: null,
    sizeBytes: 0,
    torrentUrl: null,
    restart: "r-2",
  };
  const { restart } = decideRejoin(
    "web-1",
    service({ committed }),
    view({ current: { "web-1": null } }),
  );
  assert.equal(restart, "r-2");
});
