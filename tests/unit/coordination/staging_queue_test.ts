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
    const mine = await join(host, "web-1", "2");
    assert.equal(await join(host, "web-1", "2"), mine);
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
    const old = await join(host, "web-1", "2", other);
    const mine = await join(host, "web-1", "2", infoHash);
    assert.notEqual(mine, old);
    assert.equal(await join(host, "web-1", "2", infoHash), mine);
    const { stagingNodes, view } = await read(zk);
    assert.deepEqual(stagingNodes.map(({ node }) => node), [mine]);
    assert.deepEqual(view.staged.map((staged) => staged.infoHash), [infoHash]);
  });
});

Deno.test("joinStaging: counts the host as ready in the same moment; the next census names who was before it", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2", "web-3");
    await roll(zk, "2");
    const nodes: string[] = [];
    for (const [host, client] of hosts) nodes.push(await join(client, host, "2"));
    const of = { service: SERVICE, host: "web-1", places: nodes };
    const reader = new CensusReader();
    const reading = await reader.read(zk, of, { isFresh: true });
    assert.deepEqual([reading.places.size, reading.census.counts?.readyCount], [3, 3]);
    assert.equal(reading.stagingQueue, null, "names are for who has just joined");
    const named = await reader.read(zk, { ...of, isQueueNamed: true }, { isFresh: false });
    assert.deepEqual(named.stagingQueue, nodes);
    assert.equal(await join(hosts.get("web-2") ?? zk, "web-2", "2"), nodes[1]);
  });
});

Deno.test("CensusReader: one request while the queue stands, and two when a wave has come", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    let requests = 0;
    const counting = new Proxy(zk, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        if (name === "multiRead") requests++;
        return value.bind(target);
      },
    });
    const reader = new CensusReader();
    const of = { service: SERVICE, host: "web-1", places: [] };
    const requestsOf = async (isQueueNew: boolean) => {
      requests = 0;
      const { census: { counts } } = await reader.read(counting, of, {
        isFresh: false,
        isQueueNew,
      });
      return [requests, counts?.coveredCount];
    };
    assert.deepEqual(await requestsOf(false), [1, undefined]);
    await roll(zk, "2");
    assert.deepEqual(await requestsOf(true), [2, 1]);
    assert.deepEqual(await requestsOf(false), [1, 1]);
  });
});
