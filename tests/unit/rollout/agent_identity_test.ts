import assert from "node:assert/strict";
import { isOfSameAgent } from "../../../rollout/mod.ts";

Deno.test("isOfSameAgent: the same data folder, on the same machine, since the same boot", () => {
  const own = { agent: "a", machine: { id: "m", boot: "1" } };
  assert.equal(isOfSameAgent(own, own), true);
  assert.equal(isOfSameAgent({ ...own, agent: "b" }, own), false);
  assert.equal(isOfSameAgent({ agent: "a", machine: { id: "n", boot: "1" } }, own), false);
  assert.equal(isOfSameAgent({ agent: "a", machine: { id: "m", boot: "2" } }, own), false);
  assert.equal(isOfSameAgent({ agent: "a" }, own), true, "an earlier version's entry");
});
