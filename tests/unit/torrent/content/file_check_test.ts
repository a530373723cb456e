/** Checking files while their release is fetched: with a real worker, and with ones that fail. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FileCheck, type FileCheckOptions } from "../../../../torrent/content/file_check.ts";
import { digestFile } from "../../../../torrent/content/file_digest.ts";
import type { FromHashWorker, ToHashWorker } from "../../../../torrent/content/hash_worker.ts";
import { type Log, silentLog } from "../../../../base/log.ts";
import { PieceSet } from "../../../../torrent/content/piece_set.ts";
import type { Release } from "../../../../torrent/release/release.ts";
import { noise, release as releaseOf } from "../delta/content.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

/** A release whose files are all there. */
async function withRelease(
  sizes: readonly number[],
  test: (setting: { release: Release; root: string }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    const files = sizes.map((bytes, index) => [`f${index}`, noise(bytes, index)] as const);
    const release = await releaseOf(`${folder}/content`, Object.fromEntries(files), {
      version: "1",
      pieceLengthBytes: PIECE_BYTES,
    });
    await test({ release, root: `${folder}/content` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function check(
  { release, root }: { release: Release; root: string },
  options: Partial<FileCheckOptions> = {},
): FileCheck {
  return new FileCheck({
    release,
    root: () => root,
    verified: new PieceSet(release.pieceCount),
    log: silentLog,
    onRead: () => Promise.resolve(),
    ...options,
  });
}

function passedOf(release: Release, files: FileCheck): number[] {
  return [...release.files.keys()].filter((index) => files.hasPassed(index));
}

/** Does in this thread what the worker does, and notes what it was sent. */
class WorkerDouble extends EventTarget {
  readonly paths: string[] = [];
  isTerminated = false;

  postMessage(paths: ToHashWorker): void {
    setTimeout(() => {
      if (this.isTerminated) return;
      this.paths.push(...paths);
      const digests = paths.map((path) => digestFile(path, new Uint8Array(MIB), () => {}));
      const data: FromHashWorker = { type: "digests", digests };
      this.dispatchEvent(new MessageEvent("message", { data }));
    });
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

Deno.test("FileCheck: a file is read as soon as its last piece is there, and need not be read again", () =>
  withRelease([100_000, 0, PIECE_BYTES, 300_000], async (setting) => {
    const { release } = setting;
    const files = check(setting);
    try {
      for (const piece of [1, 0]) files.onPiece(piece);
      await files.caughtUp();
      assert.deepEqual(passedOf(release, files), [0], "piece 2 lacks for the third file");
      for (const piece of [3, 4, 5, 6, 7, 2]) files.onPiece(piece);
      await files.caughtUp();
      assert.deepEqual(passedOf(release, files), [0, 2, 3], "an empty one is left to the end");
    } finally {
      files.close();
    }
  }));

Deno.test("FileCheck: what is there when it begins is read at once", () =>
  withRelease([100_000, 100_000], async (setting) => {
    const files = check(setting, { verified: PieceSet.full(setting.release.pieceCount) });
    await files.caughtUp();
    assert.deepEqual(passedOf(setting.release, files), [0, 1]);
  }));

Deno.test("FileCheck: files that are wrong, missing or links do not pass; who changes later neither", () =>
  withRelease(Array.from({ length: 5 }, () => 100_000), async (setting) => {
    const { release, root } = setting;
    await Deno.writeFile(`${root}/f0`, noise(100_000, 99));
    await Deno.remove(`${root}/f1`);
    await Deno.rename(`${root}/f2`, `${root}/moved`);
    await Deno.symlink(`${root}/moved`, `${root}/f2`);
    const files = check(setting, { verified: PieceSet.full(release.pieceCount) });
    await files.caughtUp();
    assert.deepEqual(passedOf(release, files), [3, 4]);
    using file = await Deno.open(`${root}/f3`, { write: true });
    await file.write(new Uint8Array([1]));
    assert.deepEqual(passedOf(release, files), [4]);
  }));

Deno.test("FileCheck: in whatever order the pieces come, each file is read once, when it is complete", async () => {
  const sizes = [70_000, 1, 0, 500_000, PIECE_BYTES, 20, 30, 200_000];
  await withRelease(sizes, async (setting) => {
    const { release, root } = setting;
    const pieces = Array.from({ length: release.pieceCount }, (_, index) => index);
    const order = fc.shuffledSubarray(pieces, { minLength: pieces.length });
    await fc.assert(
      fc.asyncProperty(order, fc.nat(pieces.length), async (inOrder, resumed) => {
        const worker = new WorkerDouble();
        const verified = new PieceSet(release.pieceCount);
        for (const piece of inOrder.slice(0, resumed)) verified.add(piece);
        const files = check(setting, { verified, createWorker: () => worker as unknown as Worker });
        const there = new Set(inOrder.slice(0, resumed));
        const complete = () =>
          release.files.filter(({ sizeBytes, offsetBytes }) =>
            sizeBytes > 0 &&
            pieces.every((piece) =>
              there.has(piece) || piece * PIECE_BYTES >= offsetBytes + sizeBytes ||
              (piece + 1) * PIECE_BYTES <= offsetBytes
            )
          ).map(({ path }) => `${root}/${path}`).sort();
        for (const piece of inOrder.slice(resumed)) {
          await files.caughtUp();
          assert.deepEqual(worker.paths.toSorted(), complete());
          there.add(piece);
          files.onPiece(piece);
        }
        await files.caughtUp();
        assert.deepEqual(worker.paths.toSorted(), complete());
        assert.equal(complete().length, 7);
        assert.ok(worker.isTerminated, "nothing is left to do");
      }),
      { numRuns: 20 },
    );
  });
});

Deno.test("FileCheck: large files are told in steps, and what was read can be dropped step by step", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    const sizeBytes = 150 * MIB;
    await Deno.writeFile(`${folder}/big`, new Uint8Array());
    await Deno.truncate(`${folder}/big`, sizeBytes);
    const release = {
      files: [{ path: "big", sizeBytes, offsetBytes: 0, sha256: "", executable: false }],
      pieceLengthBytes: sizeBytes,
      pieceCount: 1,
      sizeBytes,
    } as unknown as Release;
    const read: number[][] = [];
    const shown: number[] = [];
    const files = check({ release, root: folder }, {
      verified: PieceSet.full(1),
      onRead: (...part) => Promise.resolve(void read.push(part)),
    });
    await files.caughtUp({ onProgress: (bytes) => void shown.push(bytes) });
    assert.deepEqual(read, [[0, 0, 64 * MIB], [0, 64 * MIB, 128 * MIB], [0, 0, 150 * MIB]]);
    assert.deepEqual(shown, [64 * MIB, 128 * MIB, 150 * MIB]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FileCheck: an abort ends the reading in the middle of a file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    // Sparse; reading it would take a quarter of an hour.
    const sizeBytes = 1024 ** 4;
    await Deno.writeFile(`${folder}/big`, new Uint8Array());
    await Deno.truncate(`${folder}/big`, sizeBytes);
    const release = {
      files: [{ path: "big", sizeBytes, offsetBytes: 0, sha256: "", executable: false }],
      pieceLengthBytes: sizeBytes,
      pieceCount: 1,
      sizeBytes,
    } as unknown as Release;
    const warnings: unknown[] = [];
    const files = check({ release, root: folder }, {
      verified: PieceSet.full(1),
      log: { ...silentLog, warn: (...said: unknown[]) => void warnings.push(said) },
    });
    const ending = new AbortController();
    await files.caughtUp({ signal: ending.signal, onProgress: () => ending.abort() });
    assert.equal(files.hasPassed(0), false);
    assert.deepEqual(warnings, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FileCheck: without a worker that works nothing passes, which is told once and fails nothing", () =>
  withRelease([100_000, 100_000], async (setting) => {
    for (
      const createWorker of [
        () =>
          new Worker("data:application/javascript,throw new Error('no such thing')", {
            type: "module",
          }),
        () =>
          new Worker("data:application/javascript,onmessage = () => { throw new Error('later') }", {
            type: "module",
          }),
        () => new Worker(new URL("./no_such_module.ts", import.meta.url), { type: "module" }),
        () => {
          throw new Error("no threads left");
        },
      ]
    ) {
      const warnings: unknown[] = [];
      const log: Log = { ...silentLog, warn: (...said: unknown[]) => void warnings.push(said) };
      const verified = new PieceSet(setting.release.pieceCount);
      const files = check(setting, { verified, createWorker, log });
      for (const piece of [0, 1, 2, 3]) files.onPiece(piece);
      await files.caughtUp();
      assert.deepEqual(passedOf(setting.release, files), []);
      assert.equal(warnings.length, 1);
    }
  }));
