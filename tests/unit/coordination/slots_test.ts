import assert from "node:assert/strict";
import {
  abortRollout,
  joinRoster,
  passFence,
  pauseRollout,
  readSlot,
  resumeRollout,
  takeSlot,
} from "../../../coordination/mod.ts";
import { SCHEMA_VERSION, type Slot, slotsPath } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, register, roll, say, SERVICE, TestTree, WORD } from "./tree.ts";

/** A request for a slot by a host that is down, ready to be sent; it needs no place in the queue and no budget. */
async function lateRequest(zk: ZooKeeper): Promise<() => Promise<boolean>> {
  const { census } = await read(zk);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host: "web-1",
    from: "1",
    to: "2",
    step: "draining",
    sinceMs: 7,
    wave: census.wave?.node ?? null,
    reason: null,
  };
  return () => takeSlot(zk, { service: SERVICE, slot, census, wave: census.wave, place: null });
}

Deno.test("takeSlot: a request that was made while the host was down is refused once it serves (I1)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    await say(host, current("web-1", { state: "down" }));
    const sameLife = await lateRequest(host);
    await say(host, current("web-1"));
    assert.equal(await sameLife(), false);

    await say(host, current("web-1", { state: "down" }));
    const earlierLife = await lateRequest(host);
    await register(tree.client(), current("web-1"));
    assert.equal(await earlierLife(), false);
  });
});

Deno.test("takeSlot: a slot takes the place of one that stands, unless something has changed since (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const standing = await admit(host, "web-1", "2");
    const next = { ...standing, to: "3", sinceMs: standing.sinceMs + 1 };
    const { census } = await read(host);
    const request = { service: SERVICE, slot: next, census, wave: null, place: null };
    const takeNext = () => takeSlot(host, request);
    assert.equal(await takeNext(), true);
    assert.deepEqual((await read(zk)).view.slots.get("web-1"), next);
    assert.equal(await takeNext(), false);
  });
});

Deno.test("takeSlot: what a host says while it stays as it is refuses nobody", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const request = await lateRequest(host);
    await say(host, current("web-1", { waitingFor: "its turn" }));
    assert.equal(await request(), true);
  });
});

Deno.test("writeHost: a step on its way when its agent dies does not appear in the host's next slot (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const stepOf = async () => (await read(zk)).view.slots.get("web-1")?.step;
    const down = current("web-1", { state: "down" });
    const { slotsVersion } = (await read(zk)).view;
    await say(host, down, { slot: { ...slot, step: "pointing" } });
    assert.equal(await stepOf(), "pointing");
    assert.equal((await read(zk)).view.slotsVersion, slotsVersion, "it was away already");
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    const { epoch } = await joinRoster(host, SERVICE, { host: "web-1", roster });
    const late = { epoch: epoch - 1, slot: { ...slot, step: "baking" } } as const;
    await assert.rejects(() => say(host, down, late), { code: "BAD_VERSION" });
    assert.equal(await stepOf(), "pointing");
  });
});

Deno.test("writeHost: a slot that an operator has removed is not made again", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await zk.delete(slotsPath(SERVICE, "web-1"));
    await assert.rejects(() => say(host, current("web-1"), { slot }), { code: "NO_NODE" });
    assert.equal((await read(zk)).view.slots.size, 0);
  });
});

Deno.test("takeSlot: a request that was made before another host said that it is down is refused (I1)", async () => {
  // Regression: only a host that begins to serve changed the counter, so an admission came after the tree said "down".
  await TestTree.run(async (tree, zk) => {
    const [[, host] = [], [, other] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host && other);
    await roll(zk, "2");
    const request = await lateRequest(host);
    const down = current("web-2", { state: "down" });
    await say(other, down);
    assert.equal(await request(), false);
  });
});

Deno.test("passFence: refused by anything that has changed since the reading (I5, I6)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = [], [, other] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host && other);
    await roll(zk, "2");
    const slot: Slot = await admit(host, "web-1", "2");
    const pass = async (meanwhile: () => Promise<unknown>) => {
      const reading = await read(host);
      await meanwhile();
      const step = { ...slot, step: "stopping" } as const;
      return await passFence(host, {
        service: SERVICE,
        slot: step,
        reading: { ...reading, view: null },
      });
    };
    assert.equal(await pass(() => pauseRollout(zk, WORD)), false);
    await resumeRollout(zk, WORD);
    const down = current("web-2", { state: "down" });
    assert.equal(await pass(() => say(other, down)), false);
    assert.equal((await readSlot(zk, SERVICE, "web-1"))?.step, "draining");
    assert.equal(await pass(() => Promise.resolve()), true);
    assert.equal((await readSlot(zk, SERVICE, "web-1"))?.step, "stopping");
    assert.equal(await pass(() => abortRollout(zk, { by: "test", nowMs: 0 })), false);
  });
});
