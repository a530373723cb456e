import assert from "node:assert/strict";
import {
  abortRollout,
  pauseRollout,
  readControl,
  resumeRollout,
} from "../../../coordination/mod.ts";
import { CONTROL, describeStops, EntryError, RolloutError } from "../../../rollout/mod.ts";
import { afterNextChange, halt, losesNextReply, read, roll, TestTree } from "./tree.ts";

const PAUSE = { by: "bob", reason: "lunch", sinceMs: 1 } as const;
const RESUME = { by: "ann", reason: null, sinceMs: 2 } as const;

/** Expects that nothing could be done, and that it is said why. */
async function expectNothing(done: Promise<unknown>, why: RegExp): Promise<void> {
  await assert.rejects(done, (error) => error instanceof RolloutError && why.test(error.message));
}

Deno.test("control: an operator's word replaces an entry that nobody can read", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    for (const garbage of ["garbage", "", '{"schema":1,"state":"flying"}', "[]"]) {
      for (const say of [pauseRollout, resumeRollout]) {
        await zk.set(CONTROL, garbage);
        await assert.rejects(() => read(zk), EntryError);
        assert.equal((await say(zk, RESUME)).before, null);
        assert.equal((await read(zk)).view.control?.by, "ann");
      }
    }
  });
});

Deno.test("control: what a later version has written is left, and told", async () => {
  await TestTree.run(async (_tree, zk) => {
    await zk.set(CONTROL, '{"schema":2,"state":"running"}');
    await assert.rejects(() => resumeRollout(zk, RESUME), /does not fit schema 1 at "schema"/);
  });
});

Deno.test("control: a pause keeps a halt and its reason, and a halt keeps a pause", async () => {
  // Regression: a pause took the halt's place, with its reason, and a halt that of the pause.
  const both = "halted by web-9: v2 failed, and paused by bob: lunch";
  await TestTree.run(async (_tree, zk) => {
    await halt(zk, "v2 failed");
    const { before, after } = await pauseRollout(zk, PAUSE);
    assert.deepEqual([before?.state, describeStops(after)], ["halted", both]);
    assert.equal(describeStops((await readControl(zk)).entry), both);
    await resumeRollout(zk, RESUME);
    assert.equal(describeStops((await readControl(zk)).entry), "running");
    await pauseRollout(zk, PAUSE);
    await halt(zk, "v2 failed");
    assert.equal(describeStops((await readControl(zk)).entry), both);
  });
});

Deno.test("control: what is so already is said, and nothing is written", async () => {
  await TestTree.run(async (_tree, zk) => {
    await expectNothing(resumeRollout(zk, RESUME), /^resume: nothing is paused or halted/);
    await pauseRollout(zk, PAUSE);
    const { znodeVersion } = await readControl(zk);
    await expectNothing(pauseRollout(zk, RESUME), /^pause: it is already paused by bob: lunch/);
    assert.equal((await readControl(zk)).znodeVersion, znodeVersion);
  });
});

Deno.test("control: an abort ends a halt, and nobody's pause", async () => {
  // Regression: an abort set control to running, whoever had paused.
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1");
    await roll(zk, "2");
    await halt(zk, "2 failed");
    await pauseRollout(zk, PAUSE);
    const { before, after } = await abortRollout(zk, { by: "ann", nowMs: 2 });
    assert.deepEqual([before?.state, describeStops(after)], ["halted", "paused by bob: lunch"]);
    assert.equal(describeStops((await readControl(zk)).entry), "paused by bob: lunch");
    await assert.rejects(() => roll(zk, "3"), /control is paused by bob: lunch; resume it first/);
    await resumeRollout(zk, RESUME);
    await roll(zk, "3");
  });
});

Deno.test("control: a word whose reply is lost is said once", async () => {
  await TestTree.run(async (_tree, zk) => {
    for (const say of [pauseRollout, resumeRollout]) {
      const { znodeVersion } = await readControl(zk);
      await say(losesNextReply(zk), PAUSE);
      assert.equal((await readControl(zk)).znodeVersion, znodeVersion + 1);
    }
  });
});

Deno.test("control: of two operators at once, a pause is said again, and a resume lifts nothing that it has not seen", async () => {
  await TestTree.run(async (_tree, zk) => {
    await pauseRollout(afterNextChange(zk, () => halt(zk, "v2 failed")), PAUSE);
    const { entry } = await readControl(zk);
    assert.equal(describeStops(entry), "halted by web-9: v2 failed, and paused by bob: lunch");
    await resumeRollout(zk, RESUME);
    await pauseRollout(zk, PAUSE);
    await expectNothing(
      resumeRollout(afterNextChange(zk, () => halt(zk, "v3 failed")), RESUME),
      /^resume: somebody else changed control meanwhile, it is halted by web-9: v3 failed, and paused/,
    );
    assert.equal((await readControl(zk)).entry.state, "halted");
  });
});
