/**
 * Our engines with clients that others wrote, both ways: one side seeds, the other fetches, and the SHA-256 of every file
 * is compared. Our tracker introduces them where they take loopback addresses from one.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { silentLog } from "../../../../base/log.ts";
import {
  createRelease,
  readRelease,
  type ReleaseFile,
  type TorrentEngine,
  verifyRelease,
} from "../../../../torrent/mod.ts";
import { createTracker } from "../../../../tracker/mod.ts";
import { sampleBytes, temporaryDirectory } from "../peer_harness.ts";
import { FOREIGN_CLIENTS } from "./clients.ts";
import { ENGINES, type OwnEngine } from "./engines.ts";
import { type ForeignClient, ForeignProcess } from "./foreign_client.ts";
import { startMeetingTracker } from "./meeting_tracker.ts";

/** What a transfer takes at most; far above what any of them needs. */
const PATIENCE_MS = 90_000;
const POLL_MS = 50;
const LARGE_FILE_BYTES = 6_000_001;

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** One release on disk, its .torrent, a tracker and an engine of ours. */
async function setUp(client: ForeignClient, own: OwnEngine) {
  const directory = await temporaryDirectory();
  const port = freePort();
  const meeting = client.dialsLoopback ? undefined : startMeetingTracker(port);
  const tracker = meeting !== undefined ? undefined : await createTracker({
    hostname: "127.0.0.1",
    log: silentLog,
    settings: { hungryIntervalMs: 1_000 },
  });
  // Foreign clients keep a folder's content under the torrent's name, which is the release's.
  const root = `${directory.path}/source/web-1.0`;
  await Deno.mkdir(`${root}/sub/ünïcode`, { recursive: true });
  await Deno.writeFile(`${root}/large`, sampleBytes(LARGE_FILE_BYTES, 1));
  for (let file = 0; file < 30; file++) {
    const sizeBytes = file % 5 === 0 ? 0 : 1 + (file * 997) % 5_000;
    await Deno.writeFile(`${root}/sub/ünïcode/${file}`, sampleBytes(sizeBytes, file));
  }
  const { metainfo } = await createRelease({
    service: "web",
    version: "1.0",
    path: root,
    announce: [meeting?.announceUrl ?? tracker?.announceUrl ?? ""],
    log: silentLog,
  });
  const torrentPath = `${directory.path}/web.torrent`;
  await Deno.writeFile(torrentPath, metainfo);
  const stateFolder = `${directory.path}/state`;
  const targetFolder = `${directory.path}/target`;
  await Deno.mkdir(stateFolder);
  await Deno.mkdir(targetFolder);
  const engine: TorrentEngine = await own.create({
    locality: { host: "ours", site: "north", rack: "a" },
    hostname: "127.0.0.1",
    log: silentLog,
  });
  return {
    metainfo,
    root,
    targetFolder,
    sourceFolder: `${directory.path}/source`,
    orders: { torrentPath, stateFolder, port },
    engine,
    async [Symbol.asyncDispose]() {
      await engine.close();
      await tracker?.close();
      await meeting?.[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the promise resolves; says what the foreign client printed if it takes too long. */
async function within<T>(
  foreign: ForeignProcess,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  const isLate = new Promise<never>((_resolve, reject) => {
    late.signal.addEventListener(
      "abort",
      () => reject(new Error(`not done in time; the foreign client said: ${foreign.output}`)),
    );
  });
  try {
    return await Promise.race([work(late.signal), isLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Until all files are there as published: clients of others say it each in their own way, or not at all. */
async function untilComplete(
  { files, root }: { files: readonly ReleaseFile[]; root: string },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (files.every((file) => sha256(`${root}/${file.path}`) === file.sha256)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Of a file's content; undefined where there is no such file. */
function sha256(path: string): string | undefined {
  try {
    return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
  } catch {
    return undefined;
  }
}

for (const own of ENGINES) {
  for (const client of FOREIGN_CLIENTS) {
    Deno.test(`${own.name} fetches from ${client.name}: every file as it was published`, async () => {
      await using test = await setUp(client, own);
      await using foreign = await ForeignProcess.seed(client, {
        ...test.orders,
        folder: test.sourceFolder,
      });
      const { metainfo } = test;
      const root = `${test.targetFolder}/web-1.0`;
      const transfer = test.engine.fetch({ metainfo, root });
      await within(foreign, () => transfer.done);
      await verifyRelease({ metainfo, root });
      const { received, verifiedBytes, totalBytes } = transfer.progress();
      assert.equal(verifiedBytes, totalBytes);
      assert.ok(received.remoteBytes >= totalBytes, "who does not say where it stands is remote");
    });

    Deno.test(`${client.name} fetches from ${own.name}: every file as it was published`, async () => {
      await using test = await setUp(client, own);
      const { metainfo } = test;
      const seed = test.engine.seed({ metainfo, root: test.root });
      await seed.done;
      await using foreign = await ForeignProcess.fetch(client, {
        ...test.orders,
        folder: test.targetFolder,
      });
      const root = `${test.targetFolder}/web-1.0`;
      const files = readRelease(metainfo).files
        .filter(({ sizeBytes }) => sizeBytes > 0 || client.makesEmptyFiles);
      await within(foreign, (signal) => untilComplete({ files, root }, signal));
      const { sent, totalBytes } = seed.progress();
      assert.ok(sent.remoteBytes >= totalBytes, "all of it came from us");
    });
  }
}
