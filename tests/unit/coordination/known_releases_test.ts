import assert from "node:assert/strict";
import {
  abortRollout,
  findOtherContent,
  findWanted,
  readFleet,
  rollBack,
} from "../../../coordination/mod.ts";
import { currentPath, encodeEntry, type Release, servicePath } from "../../../rollout/mod.ts";
import { current, HASHES, service } from "../rollout/views.ts";
import { read, roll, SERVICE, TestTree } from "./tree.ts";

const [ONE, OTHER] = HASHES;

function release(infoHash: string | null): Release {
  return { service: SERVICE, version: "2", infoHash, sizeBytes: 0, torrentUrl: null };
}

function refusal(place: string): string {
  return `service "web": 2 is ${ONE} (${place}), and ${OTHER} is wanted under the same version; ` +
    "publish the new content under another version, and roll that out";
}

Deno.test("findOtherContent: names what is committed, withdrawn, and run by hosts, and where", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    const found = async (infoHash: string | null) =>
      await findOtherContent(zk, [release(infoHash)]);
    assert.deepEqual(await found(OTHER), []);
    const entry = service({ committed: release(ONE), withdrawnHashes: { "2": ONE } });
    await zk.set(servicePath(SERVICE), encodeEntry(entry));
    for (const host of ["web-1", "web-2"]) {
      const runs = current(host, { version: "2", infoHash: ONE });
      await zk.set(currentPath(SERVICE, host), encodeEntry(runs));
    }
    assert.deepEqual(await found(OTHER), [
      refusal("committed, withdrawn, on web-1, and 1 more"),
    ]);
    assert.deepEqual(await found(ONE), []);
  });
});

Deno.test("findOtherContent: what cannot be read, or does not say which content it means, does not count", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    await zk.set(currentPath(SERVICE, "web-1"), encodeEntry(current("web-1", { version: "2" })));
    await zk.set(currentPath(SERVICE, "web-2"), "garbage");
    await zk.set(servicePath(SERVICE), "garbage");
    assert.deepEqual(await findOtherContent(zk, [release(OTHER)]), []);
  });
});

Deno.test("startRollout: a version that is known with other content is refused, also after an abort, and its own is not", async () => {
  // Regression: v2 was published elsewhere with other content, and hosts on the old v2 counted as being on the new one.
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await roll(zk, "2", {}, { infoHash: ONE });
    await abortRollout(zk, { by: "test", nowMs: 0 });
    assert.deepEqual((await read(zk)).service?.entry.withdrawnHashes, { "2": ONE });
    await assert.rejects(() => roll(zk, "2", {}, { infoHash: OTHER }), {
      code: "ROLLOUT",
      message: `start rollout: ${refusal("withdrawn")}; nothing was written`,
    });
    assert.deepEqual(await zk.childNames("/dc/deploy"), []);
    await roll(zk, "2", {}, { infoHash: ONE });
    const { service: started, view } = await read(zk);
    assert.deepEqual(started?.entry.withdrawnHashes, {});
    assert.equal(view.wave?.infoHash, ONE);
  });
});

Deno.test("findWanted: who is to have a release, runs it, or could go back to it", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    const wanted = async (infoHash: string | null) => await findWanted(zk, release(infoHash));
    assert.deepEqual(await wanted(ONE), []);
    await roll(zk, "2", {}, { infoHash: ONE });
    const runs = current("web-1", { version: "2", infoHash: ONE });
    await zk.set(currentPath(SERVICE, "web-1"), encodeEntry(runs));
    assert.deepEqual(await wanted(ONE), ["on offer", "on web-1"]);
    assert.deepEqual(await wanted(OTHER), []);
    // A version that was withdrawn is wanted by those that run it alone.
    await abortRollout(zk, { by: "test", nowMs: 0 });
    assert.deepEqual(await wanted(ONE), ["on web-1"]);

    const entry = service({ committed: release(ONE) });
    await zk.set(servicePath(SERVICE), encodeEntry(entry));
    await roll(zk, "3", {}, { infoHash: OTHER });
    const { id } = (await readFleet(zk)).rollout ?? { id: "" };
    await zk.set(currentPath(SERVICE, "web-1"), encodeEntry(current("web-1", { version: "3" })));
    assert.deepEqual(await wanted(ONE), ["committed", `a rollback of ${id} goes back to it`]);
    await rollBack(zk, { by: "test", nowMs: 1, random: () => 0 });
    assert.deepEqual(await wanted(ONE), ["committed", "on offer"]);
  });
});
