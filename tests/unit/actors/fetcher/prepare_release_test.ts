/** What a host says when its disk has no room for a release, or for what it notes beside it. */

import assert from "node:assert/strict";
import { type FetcherDisk, thisDisk } from "../../../../actors/fetcher/disk.ts";
import { PrepareError, prepareRelease } from "../../../../actors/fetcher/prepare_release.ts";
import { systemClock } from "../../../../actors/runtime/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import { createRelease, type TorrentEngine } from "../../../../torrent/mod.ts";

const MIB = 1024 * 1024;

/** Prepares a release of 3 MiB on such a disk, and expects it to fail with those words. */
async function expectFailure(ofDisk: Partial<FetcherDisk>, words: RegExp): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-prepare-" });
  try {
    await Deno.writeFile(`${folder}/blob`, new Uint8Array(3 * MIB));
    const { metainfo, infoHash, sizeBytes } = await createRelease({
      service: "web",
      version: "1",
      path: `${folder}/blob`,
      announce: [],
      log: silentLog,
    });
    const store = new ReleaseStore(`${folder}/data`, "web");
    await store.open();
    const never = () => assert.fail("nothing is fetched");
    const engine: TorrentEngine = { port: 1, fetch: never, seed: never, close: never };
    const release = { service: "web", version: "1", infoHash, sizeBytes, torrentUrl: "http://b/t" };
    const preparing = prepareRelease(release, {
      store,
      engine,
      disk: { ...thisDisk, fetchTorrent: () => Promise.resolve(metainfo), ...ofDisk },
      clock: systemClock,
      log: silentLog,
      signal: new AbortController().signal,
      onPhase() {},
      onTransfer() {},
      onReused() {},
    });
    await assert.rejects(
      preparing,
      (error) => error instanceof PrepareError && words.test(error.message),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("prepareRelease: without room it says what it takes, what is free, and where", () =>
  expectFailure(
    { freeBytes: () => Promise.resolve(MIB), isSharing: () => false },
    /^prepare web 1: no room at \S+1\.partial: it takes 67\.0 MiB beside what is there, 1\.0 MiB are free \(66\.0 MiB are missing\); make room there, it goes on by itself$/,
  ));

Deno.test("prepareRelease: a disk that is full for its records is said to be full", () => {
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  return expectFailure(
    { writeTorrent: () => Promise.reject(full) },
    /^prepare web 1: no room for its records at \S+\.rollcall \(No space left on device\); make room/,
  );
});
