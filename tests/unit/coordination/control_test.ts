import assert from "node:assert/strict";
import { setControl } from "../../../coordination/mod.ts";
import { CONTROL, EntryError } from "../../../rollout/mod.ts";
import { read, TestTree } from "./tree.ts";

const RESUME = { state: "running", by: "ann", reason: null, sinceMs: 1 } as const;

Deno.test("setControl: an operator's word replaces an entry that nobody can read", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (const garbage of ["garbage", "", '{"schema":1,"state":"flying"}', "[]"]) {
      await zk.set(CONTROL, garbage);
      await assert.rejects(() => read(zk), EntryError);
      assert.equal(await setControl(zk, RESUME), null);
      assert.equal((await read(zk)).view.control?.by, "ann");
    }
  });
});

Deno.test("setControl: leaves what a later version has written, and says so", async () => {
  await TestTree.run(async (_tree, zk) => {
    await zk.set(CONTROL, '{"schema":2,"state":"running"}');
    await assert.rejects(() => setControl(zk, RESUME), /does not fit schema 1 at "schema"/);
  });
});
