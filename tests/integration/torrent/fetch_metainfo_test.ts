/** From an info hash to the .torrent (BEP 9), asked of peers that a tracker names or that are known. */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import {
  createSwarmEngine,
  fetchMetainfo,
  readRelease,
  TransferError,
  verifyRelease,
} from "../../../torrent/mod.ts";
import { createRelease } from "../../../torrent/mod.ts";
import {
  blockMessage,
  fastClock,
  locality,
  publishBlob,
  startBadPeer,
  startFixedTracker,
} from "./fault_world.ts";
import { temporaryDirectory } from "./peer_harness.ts";

const start = (host: string) =>
  createSwarmEngine({ locality: locality(host), hostname: "127.0.0.1", log: silentLog });

Deno.test("fetchMetainfo: an info hash and a tracker are enough to fetch a release", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const published = await publishBlob(300_000, tracker.announceUrl);
  await using _directory = published.directory;
  await using bad = startBadPeer(published.infoHash, { answer: (of) => blockMessage(of, 1) });
  const seeder = await start("seeder");
  const fetcher = await start("fetcher");
  try {
    await seeder.seed(published).done;
    // The first has no metadata to give, the second is nobody.
    ports.push(bad.port, 1, seeder.port);
    const metainfo = await fetchMetainfo({
      infoHash: published.infoHash,
      trackers: [tracker.announceUrl],
      locality: locality("fetcher"),
    });
    assert.equal(readRelease(metainfo).infoHash, published.infoHash);
    assert.deepEqual(readRelease(metainfo).announce, [tracker.announceUrl]);
    await fetcher.fetch({ metainfo, root: published.target }).done;
    await verifyRelease({ metainfo, root: published.target });
  } finally {
    await fetcher.close();
    await seeder.close();
  }
});

Deno.test("fetchMetainfo: metadata of many parts, from a peer that is known", async () => {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/content`;
  await Deno.mkdir(content);
  for (let file = 0; file < 2500; file++) {
    await Deno.writeTextFile(`${content}/${"n".repeat(80)} ${file}`, `${file}`);
  }
  const { metainfo, infoHash, root } = await createRelease({
    service: "web",
    version: "1",
    path: content,
    announce: [],
    log: silentLog,
  });
  assert.ok(metainfo.length > 20 * 16_384);
  const seeder = await start("seeder");
  try {
    await seeder.seed({ metainfo, root }).done;
    const got = await fetchMetainfo({
      infoHash,
      peers: [`127.0.0.1:${seeder.port}`],
      locality: locality("fetcher"),
    });
    assert.deepEqual(readRelease(got).files, readRelease(metainfo).files);
  } finally {
    await seeder.close();
  }
});

Deno.test("fetchMetainfo: ends when it is told to, and needs somebody to ask", async () => {
  const stop = new AbortController();
  const search = fetchMetainfo({
    infoHash: "ab".repeat(20),
    peers: ["127.0.0.1:1"],
    locality: locality("fetcher"),
    clock: fastClock,
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(), 100);
  await assert.rejects(
    search,
    (error) => error instanceof TransferError && error.code === "stopped",
  );
  await assert.rejects(
    fetchMetainfo({ infoHash: "ab".repeat(20), locality: locality("fetcher") }),
    (error) => error instanceof TransferError && /tracker or a peer/.test(error.message),
  );
});
