/** Files that are verified while they are fetched, and what is left of them in the page cache, with either engine. */

import assert from "node:assert/strict";
import { dropCleanPages, fileResidency } from "../../../../ffi/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  type EngineName,
  ENGINES,
  type PagePolicy,
  type Release,
  ReleaseError,
} from "../../../../torrent/mod.ts";
import { noise, writeFiles } from "../../../unit/torrent/delta/content.ts";
import { locality, startFixedTracker } from "../fault_world.ts";
import { temporaryDirectory } from "../peer_harness.ts";

const MIB = 1024 * 1024;
/** Large enough to be checked while it comes, together. */
const SIZES = [24 * MIB, 40 * MIB, 1, 17 * MIB + 5];

/** A release with its seeder, and a host that fetches it. */
async function setUp(engine: EngineName) {
  const directory = await temporaryDirectory();
  const ports: number[] = [];
  const tracker = startFixedTracker(() => ports);
  const start = (host: string) =>
    ENGINES[engine]({ locality: locality(host), hostname: "127.0.0.1", log: silentLog });
  const [seeder, fetcher] = await Promise.all([start("seeder"), start("fetcher")]);
  ports.push(seeder.port);
  const files = SIZES.map((sizeBytes, index) => [`f${index}`, noise(sizeBytes, index)] as const);
  const release = await createRelease({
    service: "web",
    version: "1",
    path: await writeFiles(`${directory.path}/content`, Object.fromEntries(files)),
    announce: [tracker.announceUrl],
    chunkMap: false,
    log: silentLog,
  });
  await seeder.seed({ metainfo: release.metainfo, root: release.root }).done;
  return {
    release,
    root: `${directory.path}/incoming`,
    fetcher,
    async [Symbol.asyncDispose]() {
      await Promise.all([seeder.close(), fetcher.close()]);
      await tracker[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function residentBytes(release: Release, root: string): number {
  return release.files.reduce(
    (sum, { path, sizeBytes }) => sum + fileResidency(`${root}/${path}`, sizeBytes).residentBytes,
    0,
  );
}

function testEach(name: string, test: (engine: EngineName) => Promise<void>): void {
  for (const engine of Object.keys(ENGINES) as EngineName[]) {
    Deno.test(`${engine}: ${name}`, () => test(engine));
  }
}

testEach("verify: files that were checked while they came are not read again", async (engine) => {
  await using test = await setUp(engine);
  const { release, root, fetcher } = test;
  const transfer = fetcher.fetch({ metainfo: release.metainfo, root, checkFiles: true });
  const shown: number[] = [];
  await transfer.verify({ onProgress: (doneBytes) => void shown.push(doneBytes) });
  assert.equal(shown.at(-1), release.sizeBytes);
  assert.deepEqual(shown, shown.toSorted((a, b) => a - b));
  for (const { path } of release.files) await dropCleanPages(`${root}/${path}`);
  const before = residentBytes(release, root);
  assert.ok(before < MIB, `${before} bytes are resident`);
  await transfer.verify();
  assert.equal(residentBytes(release, root), before);
});

testEach(
  "verify: a file that changed after it had been checked is found and named",
  async (engine) => {
    await using test = await setUp(engine);
    const { release, root, fetcher } = test;
    const transfer = fetcher.fetch({ metainfo: release.metainfo, root, checkFiles: true });
    await transfer.verify();
    using file = await Deno.open(`${root}/f1`, { write: true });
    await file.write(new Uint8Array([1, 2, 3]));
    await assert.rejects(
      transfer.verify(),
      (error) =>
        error instanceof ReleaseError && error.code === "file_content" && error.path === "f1",
    );
  },
);

testEach("verify: a restart believes no check of an earlier life", async (engine) => {
  await using test = await setUp(engine);
  const { release, root, fetcher } = test;
  const { metainfo, pieceLengthBytes } = release;
  const first = fetcher.fetch({ metainfo, root, checkFiles: true });
  await first.verify();
  await first.stop();
  // A place that the resume check does not sample, and times that say that nothing happened.
  const { atime, mtime } = await Deno.stat(`${root}/f0`);
  {
    using file = await Deno.open(`${root}/f0`, { write: true });
    await file.seek(5 * pieceLengthBytes, Deno.SeekMode.Start);
    await file.write(new Uint8Array([1, 2, 3]));
    await Deno.utime(`${root}/f0`, atime!, mtime!);
  }
  const second = fetcher.fetch({ metainfo, root, checkFiles: true });
  await second.done;
  assert.equal(
    second.progress().received.resumedBytes,
    release.sizeBytes,
    "the journal is believed",
  );
  await assert.rejects(second.verify(), { code: "file_content", path: "f0" });
  await second.stop();
  const third = fetcher.fetch({ metainfo, root, resume: "rehash", checkFiles: true });
  await third.verify();
});

testEach("verify: an abort ends it, and the transfer goes on", async (engine) => {
  await using test = await setUp(engine);
  const { release, root, fetcher } = test;
  const transfer = fetcher.fetch({ metainfo: release.metainfo, root });
  await transfer.done;
  await assert.rejects(transfer.verify({ signal: AbortSignal.abort() }), { code: "aborted" });
  await transfer.verify();
});

for (const checkFiles of [true, false]) {
  for (const pages of ["drop", "keep"] satisfies PagePolicy[]) {
    testEach(
      `fetch: pages are ${pages === "drop" ? "dropped" : "kept"}, files checked ${
        checkFiles ? "while they come" : "by nobody"
      }`,
      async (engine) => {
        await using test = await setUp(engine);
        const { release, root, fetcher } = test;
        const transfer = fetcher.fetch({ metainfo: release.metainfo, root, checkFiles, pages });
        await (checkFiles ? transfer.verify() : transfer.done);
        const resident = residentBytes(release, root);
        if (pages === "drop") assert.ok(resident < MIB, `${resident} bytes are resident`);
        // Only a machine that is out of memory would have taken them.
        else assert.ok(resident > 0.9 * release.sizeBytes, `${resident} bytes are resident`);
      },
    );
  }
}
