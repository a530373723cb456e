/** A disk that is full in the middle of a fetch, with either engine: it pauses, loses nothing, and goes on. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ContentStore } from "../../../../torrent/content/content_store.ts";
import { diskError } from "../../../../torrent/content/disk_error.ts";
import { silentLog } from "../../../../base/log.ts";
import { ENGINE_NAMES, type EngineName, ENGINES, verifyRelease } from "../../../../torrent/mod.ts";
import { canMount, onSmallDisk } from "../../cli/small_disk.ts";
import { fastClock, locality, publishBlob, startFixedTracker, until } from "../fault_world.ts";
import type { FullDiskOrders, FullDiskReport } from "./full_disk_process.ts";

const MIB = 1024 * 1024;
const SIZE_BYTES = 8 * MIB;
const PROCESS = fileURLToPath(new URL("./full_disk_process.ts", import.meta.url));

/** A seeder, a fetcher, and a disk that is full from a certain write on until it is told otherwise. */
async function setUp(engine: EngineName) {
  const ports: number[] = [];
  const tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(SIZE_BYTES, tracker.announceUrl);
  const options = { hostname: "127.0.0.1", log: silentLog };
  const seeder = await ENGINES.swarm({ ...options, locality: locality("seeder") });
  await seeder.seed({ metainfo, root }).done;
  ports.push(seeder.port);
  const fetcher = await ENGINES[engine]({
    ...options,
    locality: locality("fetcher"),
    clock: fastClock,
  });
  const disk = { isFull: false, writes: 0, refused: 0, fullAfter: 20 };
  const { write } = ContentStore.prototype;
  ContentStore.prototype.write = function (this: ContentStore, offsetBytes, bytes) {
    if (++disk.writes === disk.fullAfter) disk.isFull = true;
    if (disk.isFull) {
      disk.refused++;
      throw diskError("write", this.root, Object.assign(new Error("full"), { code: "ENOSPC" }));
    }
    write.call(this, offsetBytes, bytes);
  };
  return {
    metainfo,
    target,
    fetcher,
    disk,
    /** Until that many more writes were refused. */
    async refused(more: number): Promise<void> {
      const wanted = disk.refused + more;
      while (disk.refused < wanted) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    async [Symbol.asyncDispose]() {
      ContentStore.prototype.write = write;
      await fetcher.close();
      await seeder.close();
      await tracker[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

for (const engine of ENGINE_NAMES) {
  Deno.test(`full disk, ${engine}: a fetch pauses in the middle, asks for nothing, and goes on when there is room`, async () => {
    await using test = await setUp(engine);
    const { metainfo, target, fetcher, disk } = test;
    const transfer = fetcher.fetch({ metainfo, root: target });
    const events: string[] = [];
    transfer.subscribe(({ type }) => events.push(type));
    await until(transfer, ({ type }) => type === "paused");
    assert.equal(transfer.progress().paused?.reason, "disk_full");
    const { verifiedBytes } = transfer.progress();
    // What had been asked for still arrives, however late, and nothing more: the rest stays away.
    let receivedBytes = -1;
    while (receivedBytes !== transfer.progress().received.rackBytes) {
      receivedBytes = transfer.progress().received.rackBytes;
      await test.refused(3);
    }
    assert.ok(receivedBytes < SIZE_BYTES * 0.75, `${receivedBytes} bytes had been asked for`);
    assert.equal(transfer.progress().verifiedBytes, verifiedBytes, "nothing is claimed meanwhile");
    disk.isFull = false;
    await transfer.done;
    assert.equal(transfer.progress().paused, undefined);
    const told = events.filter((type) => ["paused", "continued", "failed"].includes(type));
    assert.deepEqual(told, ["paused", "continued"]);
    await verifyRelease({ metainfo, root: target });
  });

  Deno.test(`full disk, ${engine}: stopped while it pauses, it ends, and the next fetch goes on`, async () => {
    await using test = await setUp(engine);
    const { metainfo, target, fetcher, disk } = test;
    const stopped = fetcher.fetch({ metainfo, root: target });
    await until(stopped, ({ type }) => type === "paused");
    const { verifiedBytes } = stopped.progress();
    await stopped.stop();
    await assert.rejects(stopped.done, { code: "stopped" });
    disk.isFull = false;
    const next = fetcher.fetch({ metainfo, root: target });
    await next.done;
    assert.equal(next.progress().received.resumedBytes, verifiedBytes);
    await verifyRelease({ metainfo, root: target });
  });

  Deno.test(`full disk, ${engine}: a disk that fails in another way while it pauses ends the transfer`, async () => {
    await using test = await setUp(engine);
    const { metainfo, target, fetcher } = test;
    const transfer = fetcher.fetch({ metainfo, root: target });
    await until(transfer, ({ type }) => type === "paused");
    const { write } = ContentStore.prototype;
    ContentStore.prototype.write = function (this: ContentStore) {
      throw diskError("write", this.root, Object.assign(new Error("broken"), { code: "EIO" }));
    };
    try {
      await assert.rejects(transfer.done, { code: "disk_failed" });
    } finally {
      ContentStore.prototype.write = write;
    }
  });

  Deno.test({
    name: `full disk, ${engine}: a real one, full in the middle`,
    ignore: !await canMount(),
    async fn() {
      await using test = await setUp(engine);
      // This process' own writes are not what is tested here.
      test.disk.fullAfter = 0;
      const folder = `${test.target}-disk`;
      await Deno.mkdir(folder);
      const torrentPath = `${test.target}.torrent`;
      await Deno.writeFile(torrentPath, test.metainfo);
      const orders: FullDiskOrders = {
        engine,
        torrentPath,
        root: `${folder}/copy`,
        filler: `${folder}/filler`,
      };
      const { code, stdout, stderr } = await onSmallDisk(folder, { sizeMib: 12 }, [
        ...[Deno.execPath(), "run", "-A", "--quiet", PROCESS, JSON.stringify(orders)],
      ]);
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const report: FullDiskReport = JSON.parse(new TextDecoder().decode(stdout));
      assert.deepEqual(report.events, ["paused", "continued", "completed"]);
      assert.ok(report.pausedBytes > 0 && report.pausedBytes < SIZE_BYTES, "in the middle");
      assert.match(report.message, /ENOSPC/);
    },
  });
}
