import assert from "node:assert/strict";
import { joinStaging } from "../../../coordination/mod.ts";
import { stagingPath } from "../../../rollout/mod.ts";
import { HASHES } from "../rollout/views.ts";
import { read, SERVICE, TestTree } from "./tree.ts";

Deno.test("joinStaging: leaves one entry of this session, whatever stood there", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await joinStaging(zk, SERVICE, { host: "web-1", version: "2" });
    const mine = await joinStaging(host, SERVICE, { host: "web-1", version: "2" });
    assert.equal(await joinStaging(host, SERVICE, { host: "web-1", version: "2" }), mine);
    assert.deepEqual((await read(zk)).stagingNodes.map(({ node }) => node), [mine]);
    const stat = await zk.exists(stagingPath(SERVICE, mine));
    assert.equal(stat?.ephemeralOwner, host.sessionId);
  });
});

Deno.test("joinStaging: an entry for other content under the same version makes room", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    const [infoHash, other] = HASHES;
    const old = await joinStaging(host, SERVICE, { host: "web-1", version: "2", infoHash: other });
    const entry = { host: "web-1", version: "2", infoHash };
    const mine = await joinStaging(host, SERVICE, entry);
    assert.notEqual(mine, old);
    assert.equal(await joinStaging(host, SERVICE, entry), mine);
    const { stagingNodes, view } = await read(zk);
    assert.deepEqual(stagingNodes.map(({ node }) => node), [mine]);
    assert.deepEqual(view.staged.map((staged) => staged.infoHash), [infoHash]);
  });
});
