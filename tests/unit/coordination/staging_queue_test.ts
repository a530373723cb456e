import assert from "node:assert/strict";
import { joinStaging } from "../../../coordination/mod.ts";
import { stagingPath } from "../../../rollout/mod.ts";
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
