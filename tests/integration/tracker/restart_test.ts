/** A tracker that is away for a while, with transfers under way: real peers, real sockets. */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import { createRelease, type EngineName, ENGINES } from "../../../torrent/mod.ts";
import { createTracker, type TrackerOptions } from "../../../tracker/mod.ts";
import { PeerProcess, sampleBytes, temporaryDirectory } from "../torrent/peer_harness.ts";

const SIZE_BYTES = 4 * 1024 * 1024;

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  Deno.test(`${engine}: a tracker that restarts harms no transfer, and who comes later finds the others`, () =>
    restart(engine));
}

async function restart(engine: EngineName): Promise<void> {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/blob.bin`;
  await Deno.writeFile(content, sampleBytes(SIZE_BYTES, 3));
  const options: TrackerOptions = {
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1000, leecherIntervalMs: 1000, seedIntervalMs: 1000 },
  };
  let tracker = await createTracker(options);
  const { port, announceUrl } = tracker;
  const peers: PeerProcess[] = [];
  const locality = (host: string) => ({ host, site: "north", rack: "a" });
  try {
    const release = await createRelease({
      service: "web",
      version: "1.0",
      path: content,
      announce: [announceUrl],
      log: silentLog,
    });
    const torrentPath = `${directory.path}/web.torrent`;
    await Deno.writeFile(torrentPath, release.metainfo);
    const start = (host: string, orders: { pausePerPieceMs?: number } = {}) => {
      const root = `${directory.path}/${host}`;
      const peer = new PeerProcess({
        engine,
        kind: "fetch",
        torrentPath,
        root,
        locality: locality(host),
        ...orders,
      });
      peers.push(peer);
      return peer;
    };
    const seeder = new PeerProcess({
      engine,
      kind: "seed",
      torrentPath,
      root: release.root,
      locality: locality("builder"),
    });
    peers.push(seeder);
    await seeder.done();
    const early = start("early", { pausePerPieceMs: 20 });
    await early.until((one): one is typeof one & { type: "progress" } => one.type === "progress");
    await tracker.close();
    assert.equal((await early.done()).verifiedBytes, SIZE_BYTES, "it needs no tracker any more");
    const late = start("late");
    tracker = await createTracker({ ...options, port });
    assert.equal((await late.done()).verifiedBytes, SIZE_BYTES);
    assert.ok((tracker.stats().swarms[0]?.seeds ?? 0) > 0, "the others have announced again");
  } finally {
    for (const peer of peers) await peer[Symbol.asyncDispose]();
    await tracker.close();
  }
}
