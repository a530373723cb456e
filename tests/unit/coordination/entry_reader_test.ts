/** Tests of what is known of a node that was read. */

import assert from "node:assert/strict";
import { toRawNode } from "../../../coordination/entry_reader.ts";
import { currentPath, isOfSession } from "../../../rollout/mod.ts";
import { type ReadResult, ZooKeeperError } from "../../../zookeeper/mod.ts";
import { TestTree } from "./tree.ts";

const PATH = currentPath("web", "web-1");

Deno.test("isOfSession: also of an entry that is too large to be read, and not known of one that may not be", async () => {
  await TestTree.run(async (_tree, zk) => {
    await zk.create(currentPath("web"), "");
    const found: (boolean | undefined)[] = [];
    for (const mode of ["ephemeral", "persistent"] as const) {
      for (const size of [10, 500_000]) {
        await zk.create(PATH, new Uint8Array(size), { mode });
        const { data, stat } = await zk.get(PATH);
        const node = toRawNode({ kind: "get", data, stat } as ReadResult, PATH);
        found.push(isOfSession(node, { ifUnknown: false }));
        await zk.delete(PATH);
      }
    }
    assert.deepEqual(found, [true, true, false, false]);
  });
  assert.equal(isOfSession(null, { ifUnknown: true }), false);
  const refused = new ZooKeeperError({ code: "NO_AUTH", operation: "get" });
  for (const ifUnknown of [true, false]) {
    assert.equal(isOfSession(toRawNode(refused, PATH), { ifUnknown }), ifUnknown);
  }
});
