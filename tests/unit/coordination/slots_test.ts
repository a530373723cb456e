import assert from "node:assert/strict";
import {
  abortRollout,
  apply,
  passFence,
  readService,
  readSlot,
  registerHost,
  reportSwitch,
  setControl,
  takeSlot,
  writeHost,
  writeSlot,
} from "../../../coordination/mod.ts";
import { SCHEMA_VERSION, type Slot, transactions } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, read, roll, SERVICE, TestTree } from "./tree.ts";

/** A request for a slot by a host that is down, ready to be sent; it needs no place in the queue and no budget. */
async function lateRequest(zk: ZooKeeper): Promise<() => Promise<boolean>> {
  const { view } = await read(zk);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host: "web-1",
    from: "1",
    to: "2",
    step: "draining",
    sinceMs: 7,
    wave: view.wave?.node ?? null,
    reason: null,
  };
  return () => takeSlot(zk, { service: SERVICE, slot, view, wave: view.wave });
}

Deno.test("takeSlot: a request that was made while the host was down is refused once it serves (I1)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    await writeHost(host, SERVICE, {
      entry: current("web-1", { state: "down" }),
      said: "serving",
      epoch: 0,
    });
    const sameLife = await lateRequest(host);
    await writeHost(host, SERVICE, { entry: current("web-1"), said: "down", epoch: 0 });
    assert.equal(await sameLife(), false);

    await writeHost(host, SERVICE, {
      entry: current("web-1", { state: "down" }),
      said: "serving",
      epoch: 0,
    });
    const earlierLife = await lateRequest(host);
    await registerHost(tree.client(), SERVICE, { entry: current("web-1"), epoch: 0 });
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
    const { view } = await read(host);
    const takeNext = () => takeSlot(host, { service: SERVICE, slot: next, view, wave: null });
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
    await writeHost(host, SERVICE, {
      entry: current("web-1", { waitingFor: "its turn" }),
      said: "serving",
      epoch: 0,
    });
    assert.equal(await request(), true);
  });
});

/** A client that does something else before each `multi` that it sends, as often as that. */
function disturbed(zk: ZooKeeper, work: () => Promise<unknown>, times = 1): ZooKeeper {
  let left = times;
  return new Proxy(zk, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "multi") return value.bind(target);
      return async (...args: Parameters<ZooKeeper["multi"]>) => {
        if (left-- > 0) await work();
        return await target.multi(...args);
      };
    },
  });
}

Deno.test("writeSlot: a request on its way when the host gets its next slot does not appear in that one (I5)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    const next = { ...slot, sinceMs: slot.sinceMs + 1 };
    const late = disturbed(host, async () => {
      await reportSwitch(host, SERVICE, {
        epoch: 0,
        current: current("web-1", { version: "2" }),
        slot,
      });
      const { view } = await read(host);
      // Its znode's version is 0 again, which is what the request was made at.
      assert.equal(await takeSlot(host, { service: SERVICE, slot: next, view, wave: null }), true);
    });
    await writeSlot(late, SERVICE, { ...slot, step: "rolling_back" });
    assert.deepEqual((await read(zk)).view.slots.get("web-1"), next);
  });
});

Deno.test("writeSlot: another host's admission in between only delays the step, and not for ever", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = { ...await admit(host, "web-1", "2"), step: "stopping" } as const;
    const bump = () => apply(zk, [transactions.bumpCounter(SERVICE)]);
    const stepNow = async () => (await read(zk)).view.slots.get("web-1")?.step;
    await writeSlot(disturbed(host, bump, Infinity), SERVICE, slot);
    assert.equal(await stepNow(), "draining", "shown late; the journal is what counts");
    await writeSlot(disturbed(host, bump, 2), SERVICE, slot);
    assert.equal(await stepNow(), "stopping");
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
    await writeHost(other, SERVICE, { entry: down, said: "serving", epoch: 0 });
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
      const reading = await readService(host, SERVICE);
      await meanwhile();
      const step = { ...slot, step: "stopping" } as const;
      return await passFence(host, { service: SERVICE, slot: step, reading });
    };
    const control = { by: "test", reason: null, sinceMs: 0 };
    assert.equal(await pass(() => setControl(zk, { ...control, state: "paused" })), false);
    await setControl(zk, { ...control, state: "running" });
    const down = current("web-2", { state: "down" });
    const write = { entry: down, said: "serving", epoch: 0 } as const;
    assert.equal(await pass(() => writeHost(other, SERVICE, write)), false);
    assert.equal((await readSlot(zk, SERVICE, "web-1"))?.step, "draining");
    assert.equal(await pass(() => Promise.resolve()), true);
    assert.equal((await readSlot(zk, SERVICE, "web-1"))?.step, "stopping");
    assert.equal(await pass(() => abortRollout(zk, { by: "test", nowMs: 0 })), false);
  });
});
