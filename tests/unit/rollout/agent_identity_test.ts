import assert from "node:assert/strict";
import { isOfSameAgent, isOfSameMachine } from "../../../rollout/mod.ts";

Deno.test("isOfSameAgent: the same data folder, on the same machine, since the same boot", () => {
  const own = { agent: "a", machine: { id: "m", boot: "1" } };
  assert.equal(isOfSameAgent(own, own), true);
  assert.equal(isOfSameAgent({ ...own, agent: "b" }, own), false);
  assert.equal(isOfSameAgent({ agent: "a", machine: { id: "n", boot: "1" } }, own), false);
  assert.equal(isOfSameAgent({ agent: "a", machine: { id: "m", boot: "2" } }, own), false);
  assert.equal(isOfSameAgent({ agent: "a" }, own), true, "an earlier version's entry");
});

Deno.test("isOfSameMachine: the same data folder on the same machine, also after a reboot; an unknown one counts as own", () => {
  const own = { agent: "a", machine: { id: "m1", boot: "b1" } };
  assert.ok(isOfSameMachine({ agent: "a", machine: { id: "m1", boot: "b2" } }, own));
  assert.ok(!isOfSameMachine({ agent: "a", machine: { id: "m2", boot: "b1" } }, own));
  assert.ok(!isOfSameMachine({ agent: "b", machine: { id: "m1", boot: "b1" } }, own));
  assert.ok(isOfSameMachine({}, own), "the slot of an earlier version");
  assert.ok(isOfSameMachine({ agent: "a" }, own));
});
