import assert from "node:assert/strict";
import {
  finishWave,
  giveSlotBack,
  pauseRollout,
  resumeRollout,
} from "../../../coordination/mod.ts";
import { decideFinish, type Slot } from "../../../rollout/mod.ts";
import { current } from "../rollout/views.ts";
import {
  admit,
  halt,
  read,
  reportDone,
  reportFailed,
  roll,
  say,
  SERVICE,
  TestTree,
  WORD,
} from "./tree.ts";

Deno.test("finishWave: is refused when a host that it leaves behind is about to try again (I2)", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, failing] = [], [, other] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(failing && other);
    await roll(zk, "2", { maxFailures: 1 });
    const slot: Slot = {
      ...await admit(failing, "web-1", "2"),
      reason: "health gate",
      step: "reporting",
    };
    await reportFailed(failing, slot);
    await say(other, current("web-2", { version: "2" }));
    const reading = await read(other);
    assert.equal(decideFinish(reading.census), "finished");

    await pauseRollout(zk, WORD);
    await resumeRollout(zk, WORD);
    const afterResume = await read(other);
    const record = { ...slot, step: "failed" } as const;
    assert.ok(await giveSlotBack(failing, SERVICE, { slot: record, reading: afterResume }));
    const finish = { service: SERVICE, nowMs: 9 };
    assert.equal(await finishWave(other, afterResume, finish), false);
    assert.notEqual((await read(zk)).view.wave, null);
  });
});
Deno.test("finishWave: not on a reading from before a halt", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportDone(host, current("web-1", { version: "2" }), slot);
    const before = await read(zk);
    assert.equal(decideFinish(before.census), "finished");
    await halt(zk);
    assert.equal(await finishWave(zk, before, { service: SERVICE, nowMs: 0 }), false);
    await resumeRollout(zk, WORD);
    const finish = { service: SERVICE, nowMs: 0 };
    assert.equal(await finishWave(zk, await read(zk), finish), true);
    const { service, queue } = await read(zk);
    assert.deepEqual([service?.entry.committed?.version, queue.length], ["2", 0]);
  });
});

Deno.test("finishWave: a record that cannot be read keeps no wave from ending", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1")];
    assert.ok(host);
    const id = await roll(zk, "2");
    const slot = await admit(host, "web-1", "2");
    await reportDone(host, current("web-1", { version: "2" }), slot);
    await zk.set(`/dc/history/${id}`, "garbage");
    assert.equal(await finishWave(zk, await read(zk), { service: SERVICE, nowMs: 0 }), true);
    assert.equal((await read(zk)).service?.entry.committed?.version, "2");
  });
});
