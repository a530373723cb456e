import assert from "node:assert/strict";
import { forgetHost, HostForgetError, joinRoster } from "../../../coordination/mod.ts";
import {
  currentPath,
  encodeEntry,
  newcomersPath,
  SCHEMA_VERSION,
  servicePath,
} from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import { afterNextChange, read, SERVICE, TestTree } from "./tree.ts";

Deno.test("forgetHost: takes an offline host off the roster, and frees its slot", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    await host?.close();
    assert.deepEqual(await forgetHost(zk, "web-1"), [SERVICE]);
    assert.deepEqual((await read(zk)).view.roster, ["web-2"]);
    assert.equal(await zk.exists(currentPath(SERVICE, "web-1")), null);
    await assert.rejects(() => forgetHost(zk, "web-1"), HostForgetError);
  });
});

Deno.test("forgetHost: not a host that registers at that moment", async () => {
  // Regression: it read, and then deleted, whatever had come in between.
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    await host?.close();
    const racing = afterNextChange(zk, () => tree.addHosts("web-1"));
    await assert.rejects(() => forgetHost(racing, "web-1"), /has just come online/);
    assert.notEqual(await zk.exists(servicePath(SERVICE, "web-1")), null);
    assert.equal((await read(zk)).view.current.get("web-1")?.state, "serving");
  });
});

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

Deno.test("forgetHost: a host that died before it has ever served", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    await joinRoster(zk, SERVICE, { host: "web-2", roster });
    assert.notEqual(await zk.exists(newcomersPath(SERVICE, "web-2")), null);
    await forgetHost(zk, "web-2");
    assert.equal(await zk.exists(newcomersPath(SERVICE, "web-2")), null);
  });
});
