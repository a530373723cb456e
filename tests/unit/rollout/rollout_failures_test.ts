/** Tests of which failures count for the plan of a rollout. */

import assert from "node:assert/strict";
import { type Control, countsForPlan, failuresOf, type Offer } from "../../../rollout/mod.ts";
import { failedSlot, HASHES, slot } from "./views.ts";

const OFFER: Offer = {
  schema: 1,
  service: "A",
  version: "2",
  infoHash: HASHES[0],
  sizeBytes: 0,
  torrentUrl: null,
  rollout: "r-1",
};

const CONTROL: Control = {
  schema: 1,
  state: "running",
  by: "ann",
  reason: null,
  sinceMs: 0,
  rollout: "r-1",
  maxFailures: 0,
};

const RELEASE = { version: "2", infoHash: HASHES[0] };

Deno.test("countsForPlan: a release of the rollout that was started last, if its plan says how many may fail", () => {
  assert.equal(countsForPlan({ control: CONTROL, offer: OFFER }, RELEASE), true);
  const { maxFailures: _, ...silent } = CONTROL;
  assert.equal(countsForPlan({ control: silent, offer: OFFER }, RELEASE), false);
  assert.equal(countsForPlan({ control: null, offer: OFFER }, RELEASE), false);
  assert.equal(countsForPlan({ control: CONTROL, offer: null }, RELEASE), false);
  const earlier = { ...OFFER, rollout: "r-0" };
  assert.equal(countsForPlan({ control: CONTROL, offer: earlier }, RELEASE), false);
  const other = { ...RELEASE, infoHash: HASHES[1] };
  assert.equal(countsForPlan({ control: CONTROL, offer: OFFER }, other), false);
});

Deno.test("failuresOf: failures of what the rollout brings, but for who was left out", () => {
  const [infoHash, other] = HASHES;
  const skipped = { by: "ann", reason: null };
  const slots = [
    failedSlot("web-1", { infoHash }),
    failedSlot("web-2", { infoHash, skipped }),
    failedSlot("web-3", { to: "1.9", infoHash }),
    failedSlot("web-4", { infoHash: other }),
    slot("web-5", { infoHash }),
  ];
  const services = [
    { service: "A", offer: OFFER, slots },
    { service: "B", offer: { ...OFFER, rollout: "r-0" }, slots },
    { service: "C", offer: null, slots },
  ];
  assert.deepEqual(failuresOf("r-1", services), [{ service: "A", host: "web-1" }]);
});
