import assert from "node:assert/strict";
import { CensusReader } from "../../../coordination/mod.ts";
import { stagingPath } from "../../../rollout/mod.ts";
import { HASHES } from "../rollout/views.ts";
import { join, read, roll, SERVICE, TestTree } from "./tree.ts";

Deno.test("joinStaging: leaves one entry of this session, whatever stood there", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await join(zk, "web-1", "2");
    const { node: mine } = await join(host, "web-1", "2");
    assert.equal((await join(host, "web-1", "2")).node, mine);
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
    const { node: old } = await join(host, "web-1", "2", other);
    const { node: mine } = await join(host, "web-1", "2", infoHash);
    assert.notEqual(mine, old);
    assert.equal((await join(host, "web-1", "2", infoHash)).node, mine);
    const { stagingNodes, view } = await read(zk);
    assert.deepEqual(stagingNodes.map(({ node }) => node), [mine]);
    assert.deepEqual(view.staged.map((staged) => staged.infoHash), [infoHash]);
  });
});

Deno.test("joinStaging: tells who was before it, and counts the host as ready in the same moment", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2", "web-3");
    await roll(zk, "2");
    const places = [];
    for (const [host, client] of hosts) places.push(await join(client, host, "2"));
    const nodes = places.map(({ node }) => node);
    assert.deepEqual(places.map(({ ahead }) => ahead), [[], nodes.slice(0, 1), nodes.slice(0, 2)]);
    const of = { service: SERVICE, host: "web-1", places: nodes };
    const reading = await new CensusReader().read(zk, of, { isFresh: true });
    assert.deepEqual([reading.places.size, reading.census.counts?.readyCount], [3, 3]);
    const again = await join(hosts.get("web-2") ?? zk, "web-2", "2");
    assert.deepEqual(again, places[1]);
  });
});
