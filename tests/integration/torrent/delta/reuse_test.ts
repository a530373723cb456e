/**
 * Reuse of yesterday's release, through all of it: published, prepared as an agent does, with real engines and the real
 * tracker on loopback. What counts is the bytes that cross the network.
 */

import assert from "node:assert/strict";
import { prepareRelease } from "../../../../actors/fetcher/prepare_release.ts";
import { systemClock } from "../../../../actors/runtime/mod.ts";
import { backgroundSha1 } from "../../../../ffi/mod.ts";
import type { ReleaseStore } from "../../../../host/mod.ts";
import type { Release } from "../../../../rollout/mod.ts";
import { silentLog } from "../../../../base/log.ts";
import { join, noise, writeFiles } from "../../../unit/torrent/delta/content.ts";
import { type Files, type Options, prepare, type Prepared, setUp } from "./reuse_harness.ts";

const MIB = 1024 * 1024;
/** A hundredth of it is changed below; small enough for pieces of 64 KiB. */
const SIZE_BYTES = 16 * MIB;
const PIECE_BYTES = 64 * 1024;
/** A change costs the pieces that it touches, and the chunks at its two ends. */
const CHANGE_COSTS_BYTES = 4 * PIECE_BYTES;

// Opened before the tests, or it would look like something that one of them has left open.
backgroundSha1();

const yesterday = noise(SIZE_BYTES, 1);

/** Yesterday's release from the network, today's on top of it. */
async function moveOn(before: Files, after: Files, options?: Options): Promise<Prepared> {
  await using test = await setUp(options);
  const { store, host: engine } = test;
  const first = await prepare(await test.publish("1", before), { store, engine });
  assert.ok(first.networkBytes >= SIZE_BYTES && first.reusedBytes === 0);
  await store.switchCurrent("1");
  const inodes = await inodesOf(store.paths("1").final, before);
  const second = await prepare(await test.publish("2", after), { store, engine });
  assert.equal((await store.isIntact("1")).intact, true, "yesterday's files are as they were");
  const shared = inodesOf(store.paths("2").final, after);
  assert.ok((await shared).every((inode) => !inodes.includes(inode)), "files of their own");
  return second;
}

async function inodesOf(root: string, files: Files): Promise<(number | null)[]> {
  const infos = Object.keys(files).map((path) => Deno.stat(`${root}/${path}`));
  return (await Promise.all(infos)).map(({ ino }) => ino);
}

function changed(...changes: { at: number; sizeBytes: number }[]): Uint8Array {
  const content = yesterday.slice();
  for (const { at, sizeBytes } of changes) content.set(noise(sizeBytes, at + 2), at);
  return content;
}

function assertMoved({ networkBytes, reusedBytes }: Prepared, changedBytes: number): void {
  const mostBytes = changedBytes + CHANGE_COSTS_BYTES;
  assert.ok(networkBytes <= mostBytes, `${networkBytes} bytes moved, at most ${mostBytes} needed`);
  assert.ok(reusedBytes >= SIZE_BYTES - mostBytes, `${reusedBytes} bytes reused`);
}

const ONE_PERCENT = Math.round(SIZE_BYTES / 100);

for (const engine of ["swarm", "webtorrent"] as const) {
  Deno.test(`reuse, ${engine}: one percent changed in place moves about one percent`, async () => {
    const change = { at: 5 * MIB + 777, sizeBytes: ONE_PERCENT };
    const outcome = await moveOn({ blob: yesterday }, { blob: changed(change) }, { engine });
    assertMoved(outcome, ONE_PERCENT);
  });

  Deno.test(`reuse, ${engine}: an insertion at the front moves the insertion`, async () => {
    const inserted = join(noise(1_000, 2), yesterday);
    assertMoved(await moveOn({ blob: yesterday }, { blob: inserted }, { engine }), 1_000);
  });

  Deno.test(`reuse, ${engine}: an append moves what was appended`, async () => {
    const appended = join(yesterday, noise(ONE_PERCENT, 2));
    assertMoved(await moveOn({ blob: yesterday }, { blob: appended }, { engine }), ONE_PERCENT);
  });
}

Deno.test("reuse: of a large piece that has changed in one place, the blocks around it move", async () => {
  // Four pieces in all, each of them changed.
  const changes = [0, 1, 2, 3].map((place) => ({ at: (4 * place + 2) * MIB, sizeBytes: 10 }));
  const { networkBytes } = await moveOn({ blob: yesterday }, { blob: changed(...changes) }, {
    pieceLengthBytes: 4 * MIB,
  });
  // A chunk is 32 KiB at most here, and lies in one more block of 16 KiB than it would fill.
  const mostBytes = 4 * (32 + 2 * 16) * 1024;
  assert.ok(networkBytes > 0 && networkBytes <= mostBytes, `${networkBytes} bytes moved`);
});

Deno.test("reuse: the same content under other names, and under another version, moves nothing", async () => {
  const [one, two] = [yesterday.subarray(0, 9 * MIB), yesterday.subarray(9 * MIB)];
  const before = { "a/one": one, two };
  const renamed = await moveOn(before, { "b/two": one, "c/one": two });
  assert.deepEqual(renamed, { networkBytes: 0, reusedBytes: SIZE_BYTES });
  const same = await moveOn(before, before);
  assert.deepEqual(same, { networkBytes: 0, reusedBytes: SIZE_BYTES });
});

Deno.test("reuse: of hundreds of small files, the changed ones move", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, at) => {
      const start = at * 8_192;
      return [`${at % 20}/file ${at}`, yesterday.subarray(start, start + 8_192)];
    }),
  );
  const after = { ...files, "3/file 403": noise(8_192, 7), "4/new": noise(100, 8) };
  const { networkBytes } = await moveOn(
    { ...files, rest: yesterday.subarray(500 * 8_192) },
    after,
  );
  assert.ok(networkBytes <= CHANGE_COSTS_BYTES, `${networkBytes} bytes moved`);
});

Deno.test("reuse: given up in the middle, and begun again, it ends as if nothing had been", async () => {
  await using test = await setUp();
  const { store, host: engine } = test;
  const files = { a: yesterday.subarray(0, 6 * MIB), b: yesterday.subarray(6 * MIB) };
  await prepare(await test.publish("1", files), { store, engine });
  const release = await test.publish("2", { x: files.b, y: files.a });
  const giveUp = new AbortController();
  const { partial, progress } = store.paths("2");
  const attempt = prepareRelease(release, {
    store,
    engine,
    signal: giveUp.signal,
    clock: systemClock,
    log: silentLog,
    // The first sign that something was put together.
    onPhase: () => giveUp.abort(),
    onTransfer() {},
    onReused() {},
  });
  await assert.rejects(attempt, /stopped by its caller/);
  assert.ok((await Deno.stat(`${partial}/x`)).isFile, "it had begun");
  await assert.rejects(Deno.stat(progress), Deno.errors.NotFound);
  const { networkBytes, reusedBytes } = await prepare(release, { store, engine });
  assert.deepEqual({ networkBytes, reusedBytes }, { networkBytes: 0, reusedBytes: SIZE_BYTES });
});

Deno.test("reuse: killed with SIGKILL at any step, it ends as if nothing had been", async () => {
  await using test = await setUp();
  const { store, host: engine } = test;
  const parts = [0, 3, 6, 9].map((at) => yesterday.subarray(at * MIB, (at + 3) * MIB));
  const [a, b, c, d] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  await prepare(await test.publish("1", { a, b, c, d, rest: yesterday.subarray(12 * MIB) }), {
    store,
    engine,
  });
  const release = await test.publish("2", { 1: d, 2: c, 3: b, 4: a });
  const { torrent, progress, final } = store.paths("2");
  await Deno.writeFile(torrent, test.torrentOf("2"));
  for (const steps of [1, 2, 3]) {
    await killDuringReuse(store, release, steps);
    await assert.rejects(Deno.stat(progress), Deno.errors.NotFound);
    await assert.rejects(Deno.stat(final), Deno.errors.NotFound);
  }
  const { networkBytes, reusedBytes } = await prepare(release, { store, engine });
  assert.deepEqual({ networkBytes, reusedBytes }, { networkBytes: 0, reusedBytes: 12 * MIB });
  assert.equal((await store.isIntact("1")).intact, true);
});

/** Lets a process of its own put the release together, and kills it after so many steps. */
async function killDuringReuse(
  store: ReleaseStore,
  release: Release,
  steps: number,
): Promise<void> {
  const script = new URL("./reuse_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", script],
      ...[store.layout.dataDir, JSON.stringify(release), `${steps}`],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "here\n", "it stands still in the middle");
  child.kill("SIGKILL");
  assert.equal((await child.status).signal, "SIGKILL");
  await reader.cancel();
  await child.stdin.close().catch(() => {});
}

Deno.test("reuse: files that lie there for another reason are hashed and kept, not written over", async () => {
  await using test = await setUp();
  const { store, host: engine } = test;
  await prepare(await test.publish("1", { blob: yesterday }), { store, engine });
  const today = changed({ at: MIB, sizeBytes: 9 * MIB });
  const release = await test.publish("2", { blob: today });
  // As a damaged release that was demoted: content, and no journal.
  const { partial } = store.paths("2");
  await writeFiles(partial, { blob: today });
  const inode = (await Deno.stat(`${partial}/blob`)).ino;
  const { networkBytes, reusedBytes } = await prepare(release, { store, engine });
  assert.deepEqual({ networkBytes, reusedBytes }, { networkBytes: 0, reusedBytes: 0 });
  assert.equal((await Deno.stat(`${store.paths("2").final}/blob`)).ino, inode);
});
