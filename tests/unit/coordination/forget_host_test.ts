import assert from "node:assert/strict";
import { forgetHost, HostForgetError } from "../../../coordination/mod.ts";
import { currentPath, encodeEntry } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { read, SERVICE, TestTree } from "./tree.ts";

Deno.test("forgetHost: refuses what can be no host's name, and says what one looks like", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (const name of ["", ".", "..", "a/b", "../web", "a\0b", "x".repeat(300)]) {
      await assert.rejects(() => forgetHost(zk, name), (error) => {
        assert.ok(error instanceof HostForgetError, String(error));
        assert.match(error.message, /expected the name of a host \(up to 64 letters/);
        return error.message.length < 300;
      });
    }
  });
});

Deno.test("forgetHost: an entry that no agent's session holds goes as well", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await zk.create(currentPath(SERVICE, "zz"), encodeEntry(current("zz", { version: "9" })));
    assert.equal((await read(zk)).view.current.has("zz"), true);
    assert.deepEqual(await forgetHost(zk, "zz"), [SERVICE]);
    assert.equal((await read(zk)).view.current.has("zz"), false);
    await assert.rejects(() => forgetHost(zk, "web-1"), /its agent is online/);
  });
});
