/** A release put together on disk: what is verified, what is never touched, and what an ending in the middle leaves. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { dropFromPageCache, residentParts } from "../../../../ffi/mod.ts";
import { CHUNK_MAP_KEY } from "../../../../torrent/release/chunk_map.ts";
import {
  hasJournal,
  type Reuse,
  type ReuseOptions,
  reuseRelease,
} from "../../../../torrent/delta/reuse_release.ts";
import type { CreatedRelease } from "../../../../torrent/publisher/create_release.ts";
import { TransferError } from "../../../../torrent/errors.ts";
import { silentLog } from "../../../../base/log.ts";
import { readRelease } from "../../../../torrent/release/metainfo.ts";
import { readJournal } from "../../../../torrent/content/resume_journal.ts";
import { join, noise, release } from "./content.ts";

const PIECE_BYTES = 16 * 1024;
const MIB = 1024 * 1024;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-reuse-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Put {
  readonly folder: string;
  readonly wanted: { readonly metainfo: Uint8Array };
  readonly sources: readonly CreatedRelease[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number) => void;
  readonly preallocate?: (path: string, sizeBytes: number) => void;
  readonly isSharing?: boolean;
  readonly space?: NonNullable<ReuseOptions["space"]>;
}

async function put({ folder, wanted, sources, signal, ...rest }: Put): Promise<Reuse> {
  return await reuseRelease({
    metainfo: wanted.metainfo,
    root: `${folder}/incoming`,
    journalPath: `${folder}/journal`,
    sources,
    signal: signal ?? new AbortController().signal,
    log: silentLog,
    ...rest,
  });
}

function claimed({ folder, wanted }: Pick<Put, "folder" | "wanted">): number[] {
  const journal = readJournal(`${folder}/journal`, readRelease(wanted.metainfo));
  assert.ok(journal !== undefined, "expected a journal");
  return [...journal.claimed];
}

/** Compares every claimed piece with the content that was published. */
async function assertClaimedIsRight(
  { folder, wanted, files }: Pick<Put, "folder" | "wanted"> & {
    files: Readonly<Record<string, Uint8Array>>;
  },
): Promise<number> {
  const { files: entries } = readRelease(wanted.metainfo);
  const read = await Promise.all(
    entries.map(({ path }) => Deno.readFile(`${folder}/incoming/${path}`)),
  );
  const [there, published] = [join(...read), join(...entries.map(({ path }) => files[path]!))];
  assert.equal(there.length, published.length, "every file has its full size");
  const pieces = claimed({ folder, wanted });
  for (const piece of pieces) {
    const range = [piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES] as const;
    assert.deepEqual(there.subarray(...range), published.subarray(...range), `piece ${piece}`);
  }
  return pieces.length;
}

const make = (folder: string, files: Record<string, Uint8Array>, version: string, map = true) =>
  release(folder, files, { version, pieceLengthBytes: PIECE_BYTES, chunkMap: map });

Deno.test("reuseRelease: takes what there is, claims what is right, and leaves the old files alone", async () => {
  await inFolder(async (folder) => {
    const big = noise(2 * MIB, 1);
    const old = await make(`${folder}/1`, { "a/big": big, same: noise(50_000, 2) }, "1");
    const before = await Deno.stat(`${folder}/1/a/big`);
    const files = {
      "b/moved": join(noise(5_000, 3), big, noise(5_000, 4)),
      new: noise(100_000, 5),
      other: noise(50_000, 2),
    };
    const wanted = await make(`${folder}/2`, files, "2");
    const progress: number[] = [];
    const reuse = await put({
      folder,
      wanted,
      sources: [old],
      onProgress: (doneBytes) => progress.push(doneBytes),
    });
    const pieces = await assertClaimedIsRight({ folder, wanted, files });
    assert.ok(pieces > 2 * MIB / PIECE_BYTES - 12, `${pieces} pieces`);
    assert.ok(reuse.reusedBytes >= (pieces - 1) * PIECE_BYTES);
    assert.ok(reuse.copiedBytes > 2 * MIB - 8 * PIECE_BYTES);
    assert.equal(progress.at(-1), reuse.copiedBytes);
    const after = await Deno.stat(`${folder}/1/a/big`);
    assert.deepEqual([after.ino, after.mtime], [before.ino, before.mtime]);
    assert.deepEqual(await Deno.readFile(`${folder}/1/a/big`), big);
    assert.notEqual((await Deno.stat(`${folder}/incoming/b/moved`)).ino, before.ino);
  });
});

Deno.test("reuseRelease: a source whose files are not what they were costs nothing but its pieces", async () => {
  await inFolder(async (folder) => {
    const files = { a: noise(MIB, 1), b: noise(MIB, 2) };
    const [old, wanted] = [
      await make(`${folder}/1`, files, "1"),
      await make(`${folder}/2`, files, "2"),
    ];
    await Deno.writeFile(`${folder}/1/a`, noise(MIB, 9));
    const reuse = await put({ folder, wanted, sources: [old] });
    assert.equal(reuse.reusedBytes, MIB);
    assert.equal(await assertClaimedIsRight({ folder, wanted, files }), MIB / PIECE_BYTES);
    assert.equal(claimed({ folder, wanted })[0], MIB / PIECE_BYTES);
  });
});

Deno.test("reuseRelease: a source that is gone, or too short, is left out, and the next one used", async () => {
  await inFolder(async (folder) => {
    const files = { a: noise(MIB, 1), b: noise(MIB, 2) };
    const gone = await make(`${folder}/1`, { a: files.a }, "1");
    const short = await make(`${folder}/2`, { b: files.b }, "2");
    const good = await make(`${folder}/3`, { b: join(files.b, noise(9, 9)) }, "3");
    const wanted = await make(`${folder}/4`, files, "4");
    await Deno.remove(`${folder}/1`, { recursive: true });
    await Deno.truncate(`${folder}/2/b`, 300_000);
    await put({ folder, wanted, sources: [gone, short, good] });
    await assertClaimedIsRight({ folder, wanted, files });
    const onlyGood = await put({ folder, wanted, sources: [good] });
    assert.ok(onlyGood.reusedBytes > MIB - 6 * PIECE_BYTES);
    await assertClaimedIsRight({ folder, wanted, files });
  });
});

Deno.test("reuseRelease: from another file system, where the kernel does not copy, the bytes come all the same", async () => {
  await inFolder(async (folder) => {
    const shared = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "rollcall-reuse-" });
    try {
      assert.notEqual((await Deno.stat(shared)).dev, (await Deno.stat(folder)).dev);
      const files = { a: noise(3 * MIB + 5, 1) };
      const old = await make(`${shared}/1`, { z: noise(7, 2), ...files }, "1");
      const wanted = await make(`${folder}/2`, files, "2");
      const reuse = await put({ folder, wanted, sources: [old] });
      assert.equal(reuse.reusedBytes, 3 * MIB + 5);
      await assertClaimedIsRight({ folder, wanted, files });
    } finally {
      await Deno.remove(shared, { recursive: true });
    }
  });
});

Deno.test("reuseRelease: a map that lies makes nothing wrong be claimed", async () => {
  await inFolder(async (folder) => {
    const files = { a: join(noise(MIB, 1), noise(MIB, 2)) };
    const old = await make(`${folder}/1`, { a: files.a, z: noise(1, 1) }, "1");
    const wanted = await make(`${folder}/2`, { a: join(noise(MIB, 1), noise(MIB, 3)) }, "2");
    // The old release's map in the new one's .torrent: it says that all of the old content is wanted.
    const map = (bencode.decode(old.metainfo) as Record<string, unknown>)[CHUNK_MAP_KEY];
    const decoded = bencode.decode(wanted.metainfo) as Record<string, unknown>;
    const lying = { metainfo: bencode.encode({ ...decoded, [CHUNK_MAP_KEY]: map }) };
    const reuse = await put({ folder, wanted: lying, sources: [old] });
    assert.equal(reuse.copiedBytes, 2 * MIB);
    assert.equal(reuse.reusedBytes, MIB);
    assert.equal(claimed({ folder, wanted: lying }).length, MIB / PIECE_BYTES);
  });
});

Deno.test("reuseRelease: an old release without a map, or with another average, is cut now", async () => {
  await inFolder(async (folder) => {
    const content = noise(2 * MIB, 1);
    const old = await make(`${folder}/1`, { a: content }, "1", false);
    const files = { a: join(noise(100, 2), content) };
    const wanted = await make(`${folder}/2`, files, "2");
    const reuse = await put({ folder, wanted, sources: [old] });
    assert.ok(reuse.reusedBytes > 2 * MIB - 6 * PIECE_BYTES, `${reuse.reusedBytes}`);
    await assertClaimedIsRight({ folder, wanted, files });
  });
});

Deno.test("reuseRelease: a new release without a map still takes what was changed in place", async () => {
  await inFolder(async (folder) => {
    const content = noise(2 * MIB, 1);
    const old = await make(`${folder}/1`, { a: content }, "1");
    const changed = content.slice();
    changed.set(noise(10, 2), MIB);
    const files = { a: join(changed, noise(50, 3)) };
    const wanted = await make(`${folder}/2`, files, "2", false);
    const reuse = await put({ folder, wanted, sources: [old] });
    assert.equal(reuse.reusedBytes, 2 * MIB - PIECE_BYTES);
    await assertClaimedIsRight({ folder, wanted, files });
  });
});

Deno.test("reuseRelease: nothing to gain, nothing touched", async () => {
  await inFolder(async (folder) => {
    const old = await make(`${folder}/1`, { a: noise(MIB, 1) }, "1");
    const wanted = await make(`${folder}/2`, { a: noise(MIB, 2) }, "2");
    assert.deepEqual(await put({ folder, wanted, sources: [old] }), {
      reusedBytes: 0,
      copiedBytes: 0,
    });
    assert.equal(hasJournal(`${folder}/journal`), false);
    await assert.rejects(Deno.stat(`${folder}/incoming`), Deno.errors.NotFound);
  });
});

Deno.test("reuseRelease: stopped in the middle it leaves no journal, and goes well when begun again", async () => {
  await inFolder(async (folder) => {
    const files = Object.fromEntries([1, 2, 3, 4].map((seed) => [`f${seed}`, noise(MIB, seed)]));
    const reversed = Object.fromEntries(
      [4, 3, 2, 1].map((seed, at) => [`f${at}`, noise(MIB, seed)]),
    );
    const old = await make(`${folder}/1`, reversed, "1");
    const wanted = await make(`${folder}/2`, files, "2");
    const stop = new AbortController();
    await assert.rejects(
      put({ folder, wanted, sources: [old], signal: stop.signal, onProgress: () => stop.abort() }),
      (error) => error instanceof TransferError && error.code === "stopped",
    );
    assert.equal(hasJournal(`${folder}/journal`), false);
    assert.deepEqual(
      await Deno.readFile(`${folder}/incoming/f1`),
      files["f1"],
      "the first is there",
    );
    const again = await put({ folder, wanted, sources: [old] });
    assert.equal(again.reusedBytes, 4 * MIB);
    await assertClaimedIsRight({ folder, wanted, files });
  });
});

Deno.test("reuseRelease: claims the room of what has to be fetched, and says where there is none", async () => {
  await inFolder(async (folder) => {
    const files = { a: noise(MIB, 1), b: noise(MIB, 2), c: noise(MIB, 3), d: noise(0, 4) };
    const old = await make(`${folder}/1`, { a: files.a, c: files.c }, "1");
    const wanted = await make(`${folder}/2`, files, "2");
    const claims: string[] = [];
    await put({
      folder,
      wanted,
      sources: [old],
      preallocate: (path, sizeBytes) => void claims.push(`${path.slice(-1)} ${sizeBytes}`),
    });
    assert.deepEqual(claims, [`b ${MIB}`]);
    await Deno.remove(`${folder}/journal`);
    const full = Object.assign(new Error("no room"), { code: "ENOSPC" });
    await assert.rejects(
      put({
        folder,
        wanted,
        sources: [old],
        preallocate: () => {
          throw full;
        },
      }),
      (error) =>
        error instanceof TransferError && error.code === "disk_full" &&
        /no room for .*incoming\/b \(ENOSPC\); make room/.test(error.message),
    );
    assert.equal(hasJournal(`${folder}/journal`), false);
    const taken = ["a", "b", "c"].map((name) => Deno.statSync(`${folder}/incoming/${name}`).blocks);
    assert.deepEqual(taken, [0, 0, 0], "what was copied is given back");
  });
});

Deno.test("reuseRelease: copies nothing without room for all of the release, unless copies take none", async () => {
  await inFolder(async (folder) => {
    const files = { a: noise(MIB, 1), b: noise(MIB, 2) };
    const old = await make(`${folder}/1`, { a: files.a }, "1");
    const wanted = await make(`${folder}/2`, files, "2");
    const space = () =>
      Promise.resolve({
        freeBytes: 2 * MIB - 1,
        totalBytes: 2 * MIB,
        freeFiles: Infinity,
        blockBytes: 4096,
      });
    const what = { folder, wanted, sources: [old], preallocate: () => {}, space };
    await assert.rejects(put(what), /incoming: it takes 2.0 MiB beside .*\(1 B are missing\)/);
    assert.deepEqual([...Deno.readDirSync(`${folder}/incoming`)], []);
    const { reusedBytes } = await put({ ...what, isSharing: true });
    assert.equal(reusedBytes, MIB);
  });
});

Deno.test("reuseRelease: leaves the old files' pages in memory as they were", async () => {
  await inFolder(async (folder) => {
    // Parts that a large page of the file system hardly spans.
    const size = { sizeBytes: 16 * MIB, partBytes: 4 * MIB };
    const content = noise(size.sizeBytes, 1);
    const old = await make(`${folder}/1`, { a: content }, "1");
    const wanted = await make(`${folder}/2`, { b: content }, "2");
    const path = `${folder}/1/a`;
    await dropFromPageCache(path);
    {
      using file = await Deno.open(path);
      await file.read(new Uint8Array(10));
    }
    const before = residentParts(path, size);
    assert.deepEqual([before[0], before[3]], [1, 0]);
    const { reusedBytes } = await put({ folder, wanted, sources: [old] });
    assert.equal(reusedBytes, size.sizeBytes);
    const after = residentParts(path, size);
    assert.deepEqual([after[0], after[3]], [1, 0], "what was there stays, what was read in goes");
  });
});
