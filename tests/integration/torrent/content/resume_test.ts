/** A fetch that is interrupted goes on where it was, and pays the network only for what is missing. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  type EngineName,
  ENGINES,
  type TransferEvent,
  verifyRelease,
} from "../../../../torrent/mod.ts";
import { createTracker } from "../../../../tracker/mod.ts";
import { type PeerOrders, PeerProcess, sampleBytes, temporaryDirectory } from "../peer_harness.ts";

const SIZE_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

async function setUp(engine: EngineName) {
  const directory = await temporaryDirectory();
  const tracker = await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000 },
  });
  const content = `${directory.path}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(SIZE_BYTES, 1));
  const { metainfo, root } = await createRelease({
    service: "web",
    version: "1.0",
    path: content,
    announce: [tracker.announceUrl],
    pieceLengthBytes: PIECE_BYTES,
    log: silentLog,
  });
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, metainfo);
  const seeder = await ENGINES[engine]({
    locality: { host: "builder", site: "north", rack: "build" },
    hostname: "127.0.0.1",
    log: silentLog,
  });
  await seeder.seed({ metainfo, root }).done;
  const orders: PeerOrders = {
    engine,
    kind: "fetch",
    torrentPath,
    root: `${directory.path}/incoming`,
    locality: { host: "web-1", site: "north", rack: "a" },
  };
  return {
    metainfo,
    orders,
    async [Symbol.asyncDispose]() {
      await seeder.close();
      await tracker.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The same case once for each engine. */
function testEach(name: string, test: (engine: EngineName) => Promise<void>): void {
  for (const engine of Object.keys(ENGINES) as EngineName[]) {
    Deno.test(`${engine}: ${name}`, () => test(engine));
  }
}

/** Fetches until at least that much is verified, then SIGKILL; returns what had been reported. */
async function fetchAndKill(orders: PeerOrders, untilBytes: number): Promise<number> {
  await using peer = new PeerProcess({ ...orders, pausePerPieceMs: 20 });
  const report = await peer.until((one): one is typeof one & { type: "progress" } =>
    one.type === "progress" && one.verifiedBytes >= untilBytes
  );
  await peer.kill();
  const last = peer.reports.findLast((one) => one.type === "progress");
  return last?.type === "progress" ? last.verifiedBytes : report.verifiedBytes;
}

testEach(
  "fetch: killed with SIGKILL, it resumes and fetches only what was missing",
  async (engine) => {
    await using test = await setUp(engine);
    let verifiedBytes = 0;
    for (const part of [0.2, 0.5, 0.7]) {
      verifiedBytes = await fetchAndKill(test.orders, SIZE_BYTES * part);
      assert.ok(verifiedBytes < SIZE_BYTES, "it was killed in the middle");
    }
    await using peer = new PeerProcess(test.orders);
    const { received } = await peer.done();
    const resumed = peer.reports.find((one) => one.type === "resumed");
    assert.ok(resumed?.type === "resumed");
    assert.ok(
      resumed.resumedBytes >= verifiedBytes,
      "every piece that was reported is still there",
    );
    assert.ok(resumed.rehashedBytes < resumed.resumedBytes, "only a sample was hashed again");
    const fetchedBytes = received.rackBytes + received.siteBytes + received.remoteBytes;
    assert.ok(
      fetchedBytes <= SIZE_BYTES - resumed.resumedBytes + 2 * PIECE_BYTES,
      `fetched ${fetchedBytes}, missing ${SIZE_BYTES - resumed.resumedBytes}`,
    );
    await verifyRelease({ metainfo: test.metainfo, root: test.orders.root });
  },
);

testEach(
  "fetch: a complete release is complete at once after a restart, without network",
  async (engine) => {
    await using test = await setUp(engine);
    {
      await using peer = new PeerProcess(test.orders);
      await peer.done();
    }
    await using peer = new PeerProcess(test.orders);
    const { received } = await peer.done();
    assert.equal(received.resumedBytes, SIZE_BYTES);
    assert.equal(received.rackBytes + received.siteBytes + received.remoteBytes, 0);
  },
);

testEach(
  "fetch: without its journal it hashes what is there and fetches the rest",
  async (engine) => {
    await using test = await setUp(engine);
    await fetchAndKill(test.orders, SIZE_BYTES / 2);
    await Deno.remove(`${test.orders.root}.resume`);
    await using peer = new PeerProcess(test.orders);
    const { received } = await peer.done();
    assert.ok(received.resumedBytes >= SIZE_BYTES / 2);
  },
);

testEach(
  "fetch: a journal of a complete release does not hide a file that was changed",
  async (engine) => {
    await using test = await setUp(engine);
    const fetcher = await ENGINES[engine]({
      locality: test.orders.locality,
      hostname: "127.0.0.1",
      log: silentLog,
    });
    try {
      const { root } = test.orders;
      const options = { metainfo: test.metainfo, root };
      const first = fetcher.fetch(options);
      await first.done;
      await first.stop();
      const file = await Deno.open(`${root}/blob.bin`, { write: true });
      await file.seek(5 * PIECE_BYTES + 17, Deno.SeekMode.Start);
      await file.write(new Uint8Array(100));
      file.close();
      await Deno.utime(`${root}/blob.bin`, new Date(0), new Date(0));
      const events: TransferEvent[] = [];
      const second = fetcher.fetch(options);
      second.subscribe((event) => events.push(event));
      await second.done;
      const resumed = events.find((event) => event.type === "resumed");
      assert.ok(resumed?.type === "resumed");
      assert.equal(resumed.resumedBytes, SIZE_BYTES - PIECE_BYTES);
      await verifyRelease(options);
    } finally {
      await fetcher.close();
    }
  },
);
