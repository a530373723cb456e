import assert from "node:assert/strict";
import {
  haltIfStalled,
  pauseRollout,
  ProgressReader,
  resumeRollout,
  writeHost,
} from "../../../coordination/mod.ts";
import { noteProgress, type ProgressMark, type WaveProgress } from "../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";
import { admit, join, read, reportDone, roll, say, SERVICE, TestTree, writeOf } from "./tree.ts";

async function look(zk: ZooKeeper): Promise<WaveProgress | null> {
  return await new ProgressReader().read(zk, { isFresh: true, wallTimeMs: 0 });
}

/** A mark of what is there now, made long ago. */
async function longAgo(zk: ZooKeeper): Promise<ProgressMark> {
  const seen = await look(zk);
  assert.ok(seen);
  return noteProgress(null, seen, { nowMs: 0, gapMs: 0 });
}

const WORD = { by: "test", reason: null, sinceMs: 0 };
const STALL = { host: "db-1", nowMs: 3_600_000, wallTimeMs: 9 };

Deno.test("ProgressReader: sees hosts get ready and done, and their preparation, from afar", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    assert.equal(await look(zk), null);
    const reader = new ProgressReader();
    await roll(zk, "2");
    const numbers = async () => {
      const seen = await reader.read(zk, { isFresh: true, wallTimeMs: 0 });
      return [seen?.readyCount, seen?.doneCount, seen?.preparedCount, seen?.isSwitching];
    };
    assert.deepEqual(await numbers(), [0, 0, 0, false]);
    const { waves: [wave] } = await read(zk);
    const write = await writeOf(host, current("web-1"));
    await writeHost(host, SERVICE, { ...write, preparedFor: wave?.tally ?? null });
    assert.deepEqual(await numbers(), [0, 0, 1, false]);
    await join(host, "web-1", "2");
    const slot = await admit(host, "web-1", "2");
    assert.deepEqual(await numbers(), [1, 0, 1, true]);
    await reportDone(host, current("web-1", { version: "2" }), slot);
    assert.deepEqual(await numbers(), [1, 1, 1, false]);
    await pauseRollout(zk, WORD);
    assert.equal(await reader.read(zk, { isFresh: true, wallTimeMs: 0 }), null);
  });
});

Deno.test("haltIfStalled: a host of another service halts a wave whose hosts are all away, and says so (I7)", async () => {
  await TestTree.run(async (tree, zk) => {
    const hosts = await tree.addHosts("web-1", "web-2");
    await roll(zk, "2", { progressDeadlineMs: 60_000 });
    const mark = await longAgo(zk);
    for (const host of hosts.values()) await host.close();
    const early = { ...STALL, mark, nowMs: 59_999 };
    assert.equal(await haltIfStalled(zk, early), null);
    const reason = "web 2 has got no further for 1m: 0 of 2 hosts are ready, 0 serve it; " +
      "web-1 is offline, web-2 is offline";
    assert.equal(await haltIfStalled(zk, { ...STALL, mark }), reason);
    const { view: { control } } = await read(zk);
    assert.deepEqual([control?.state, control?.by, control?.reason], ["halted", "db-1", reason]);
  });
});

Deno.test("haltIfStalled: not when a host has got further since, or an operator has said something", async () => {
  await TestTree.run(async (tree, zk) => {
    const [[, host] = []] = [...await tree.addHosts("web-1", "web-2")];
    assert.ok(host);
    await roll(zk, "2");
    const mark = await longAgo(zk);
    await join(host, "web-1", "2");
    assert.equal(await haltIfStalled(zk, { ...STALL, mark }), null);
    const again = await longAgo(zk);
    // One that comes and goes is no progress.
    await say(host, current("web-1", { state: "down" }));
    await pauseRollout(zk, WORD);
    await resumeRollout(zk, WORD);
    assert.equal(await haltIfStalled(zk, { ...STALL, mark: again }), null);
    assert.equal((await read(zk)).view.control?.state, "running");
  });
});

Deno.test("haltIfStalled: not while the wave is frozen, unless an operator has had its hosts go on", async () => {
  await TestTree.run(async (tree, zk) => {
    await tree.addHosts("web-1", "web-2");
    const freeze = [{ to: "02:00", timeZone: "UTC" }];
    await roll(zk, "2", { progressDeadlineMs: 60_000, freeze });
    const mark = await longAgo(zk);
    assert.equal((await look(zk))?.frozenMs, 7_200_000);
    assert.equal(await haltIfStalled(zk, { ...STALL, mark }), null);
    const later = { ...STALL, mark, wallTimeMs: 7_200_000 };
    assert.match(await haltIfStalled(zk, later) ?? "", /has got no further for 1m/);
  });
});
