import assert from "node:assert/strict";
import { countedBy } from "../../../../actors/upgrade_coordinator/counted_by.ts";
import type { HostNow, Next } from "../../../../actors/upgrade_coordinator/machine/next.ts";
import type { Reading } from "../../../../actors/upgrade_coordinator/state.ts";

const wave = { node: "web-0000000001", version: "v2", infoHash: "2", hosts: null, tally: "t" };

/** What a host is counted by that has this ready, and the record of this failure, and does this next. */
function stagedBy(
  ready: string | null,
  failed: string | null,
  kind: Next["kind"] = "rest",
): string | null {
  const release = (version: string | null) =>
    version === null ? null : { version, infoHash: version.slice(1) };
  const slot = { host: "web-1", to: failed, infoHash: failed?.slice(1), step: "failed" };
  const slots = new Map(failed === null ? [] : [["web-1", { slot, entry: null }]]);
  const now = { host: "web-1", ready: release(ready) } as HostNow;
  return countedBy(now, { waves: [wave], census: { slots } } as unknown as Reading, { kind }).staged
    ?.version ?? null;
}

Deno.test("countedBy: a host whose switch has failed counts as ready, whatever it went back to", () => {
  assert.equal(stagedBy("v2", null), "v2");
  assert.equal(stagedBy(null, "v2"), "v2");
  // Regression, found by the simulation: it had prepared v1, to start that again, and the quorum of v2 was never met.
  assert.equal(stagedBy("v1", "v2"), "v2");
  assert.equal(stagedBy("v2", "v1"), "v2");
  assert.equal(stagedBy(null, null), null);
});

Deno.test("countedBy: by a record that it gives back a host counts as ready no more, but by what it has", () => {
  assert.equal(stagedBy(null, "v2", "give_slot_back"), null);
  assert.equal(stagedBy("v2", "v2", "give_slot_back"), "v2");
});
