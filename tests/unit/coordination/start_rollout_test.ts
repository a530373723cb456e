import assert from "node:assert/strict";
import { roll, TestTree } from "./tree.ts";

Deno.test("startRollout: refuses while another one is under way", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const id = await roll(zk, "2");
    await assert.rejects(() => roll(zk, "3"), new RegExp(`${id} is under way`));
  });
});

Deno.test("startRollout: writes nothing that the agents would not read", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await assert.rejects(
      () => roll(zk, "../../../../pwn"),
      /^RolloutError: start rollout: \/dc\/\w+\/web.* would not be read by the agents, at "version": expected a version/,
    );
    assert.deepEqual(await zk.childNames("/dc/deploy"), []);
    assert.deepEqual(await zk.childNames("/dc/history"), []);
  });
});
