import assert from "node:assert/strict";
import { type Furthest, furthest, NOT_PREPARED } from "../../../../actors/registrar/furthest.ts";
import type { Preparation } from "../../../../rollout/mod.ts";

const WAVES = [
  { tally: "canary", version: "v2", infoHash: null },
  { tally: "all", version: "v2", infoHash: null },
];

function after(before: Furthest, phase: Preparation["phase"], progress: number, version = "v2") {
  return furthest(before, { preparation: { version, phase, progress } }, WAVES);
}

Deno.test("furthest: for the first wave that brings the version, phase after phase", () => {
  const fetching = after(NOT_PREPARED, "fetching", 0.4);
  assert.deepEqual(fetching, { tally: "canary", phases: 0.4 });
  const verifying = after(fetching, "verifying", 0);
  assert.deepEqual(verifying, { tally: "canary", phases: 1 });
  assert.deepEqual(after(verifying, "pinning", 0.5), { tally: "canary", phases: 2.5 });
});

Deno.test("furthest: a preparation that begins anew counts when it gets further than before", () => {
  const reached = after(NOT_PREPARED, "fetching", 0.4);
  assert.equal(after(reached, "failed", 0), reached);
  assert.equal(after(reached, "fetching", 0), reached);
  assert.equal(after(reached, "fetching", 0.4), reached);
  assert.notEqual(after(reached, "fetching", 0.41), reached);
});

Deno.test("furthest: what no wave brings does not count", () => {
  assert.equal(after(NOT_PREPARED, "fetching", 0.4, "v1"), NOT_PREPARED);
  assert.equal(furthest(NOT_PREPARED, { preparation: null }, WAVES), NOT_PREPARED);
});
