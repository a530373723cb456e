import assert from "node:assert/strict";
import {
  abortRollout,
  createRolloutId,
  newestRollout,
  pauseRollout,
  readFleet,
} from "../../../coordination/mod.ts";

import { roll, TestTree, WORD } from "./tree.ts";

Deno.test("createRolloutId: tells the time, to the millisecond", () => {
  const ids = [999, 1_000, 1_001].map((nowMs) => createRolloutId(nowMs, () => 0.5));
  assert.equal(ids[0], "19700101-000000.999-i000");
  assert.equal(new Set(ids).size, 3);
});

Deno.test("newestRollout: the one that was started last, whatever the clocks of the admin boxes show", async () => {
  // Regression: after one rollout from a machine whose clock was an hour ahead, each later one was taken for an old one.
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    assert.equal(await newestRollout(zk), null);
    await roll(zk, "2", {}, { nowMs: Date.UTC(2026, 0, 1, 13) });
    await abortRollout(zk, { by: "test", nowMs: 0 });
    const later = await roll(zk, "3", {}, { nowMs: Date.UTC(2026, 0, 1, 12) });
    assert.equal(await newestRollout(zk), later);
    assert.equal((await readFleet(zk)).rollout?.id, later);
    // What an operator says in between keeps it.
    await pauseRollout(zk, WORD);
    assert.equal(await newestRollout(zk), later);
    // Regression: where control could not be read, the ids decided, and with them the clocks.
    await zk.set("/dc/control", "paused");
    assert.equal(await newestRollout(zk), later);
  });
});
