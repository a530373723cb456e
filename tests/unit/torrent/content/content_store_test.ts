/** Content on disk: reads and writes across files, and what a journal of it is worth. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { segmentsOf } from "../../../../torrent/content/content_layout.ts";
import { ContentStore } from "../../../../torrent/content/content_store.ts";
import { createRelease } from "../../../../torrent/publisher/create_release.ts";
import { TransferError } from "../../../../torrent/errors.ts";
import { silentLog } from "../../../../base/log.ts";
import { PieceSet } from "../../../../torrent/content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../../../torrent/release/release.ts";
import { checkResume } from "../../../../torrent/content/resume_check.ts";
import {
  readJournal,
  ResumeJournal,
  takeReceipt,
} from "../../../../torrent/content/resume_journal.ts";

const PIECE_BYTES = 16384;
const signal = new AbortController().signal;

interface Setting {
  readonly directory: string;
  readonly content: Uint8Array;
  readonly release: Release;
  readonly store: ContentStore;
}

/** A release of 200 files, some empty, some longer than a piece, and an empty root to fetch it into. */
async function withStore(work: (setting: Setting) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    const chunks: Uint8Array[] = [];
    for (let index = 0; index < 200; index++) {
      const sizeBytes = index % 7 === 0 ? 0 : index % 50 === 1 ? 40_000 : index * 13;
      const bytes = new Uint8Array(sizeBytes).map((_, at) => (at * 31 + index) & 255);
      await Deno.mkdir(`${directory}/source/d${index % 5}`, { recursive: true });
      await Deno.writeFile(`${directory}/source/d${index % 5}/f${index}`, bytes);
    }
    const release = await createRelease({
      service: "web",
      version: "1.0",
      path: `${directory}/source`,
      announce: [],
      pieceLengthBytes: PIECE_BYTES,
      log: silentLog,
    });
    for (const file of release.files) {
      chunks.push(Deno.readFileSync(`${release.root}/${file.path}`));
    }
    const content = new Uint8Array(release.sizeBytes);
    for (const [index, file] of release.files.entries()) {
      content.set(chunks[index] ?? [], file.offsetBytes);
    }
    const store = new ContentStore(release, `${directory}/target`);
    await work({ directory, content, release, store });
    store.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function piece({ content, release }: Setting, index: number): Uint8Array {
  const start = index * PIECE_BYTES;
  return content.subarray(start, start + pieceSizeBytes(release, index));
}

Deno.test("segmentsOf: the parts of any range make up exactly that range", () =>
  withStore(({ release }) => {
    const range = fc.tuple(fc.nat(release.sizeBytes), fc.nat(release.sizeBytes))
      .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
    fc.assert(fc.property(range, ([start, end]) => {
      let at = start;
      for (const segment of segmentsOf(release, start, end - start)) {
        const file = release.files[segment.fileIndex];
        assert.ok(file !== undefined && segment.sizeBytes > 0);
        assert.equal(file.offsetBytes + segment.fileOffsetBytes, at);
        assert.equal(segment.rangeOffsetBytes, at - start);
        assert.ok(segment.fileOffsetBytes + segment.sizeBytes <= file.sizeBytes);
        at += segment.sizeBytes;
      }
      assert.equal(at, end);
    }));
    assert.throws(() => segmentsOf(release, release.sizeBytes, 1), RangeError);
  }));

Deno.test("ContentStore: what is written in pieces, in any order, is in the files", () =>
  withStore(async (setting) => {
    const { release, store, content } = setting;
    const former = await store.prepare({ discard: false, signal });
    assert.ok(former.every((sizeBytes) => sizeBytes === 0));
    for (let index = release.pieceCount - 1; index >= 0; index--) {
      store.write(index * PIECE_BYTES, piece(setting, index));
    }
    const back = new Uint8Array(release.sizeBytes);
    store.read(0, back);
    assert.deepEqual(back, content);
    for (const file of release.files) {
      const bytes = await Deno.readFile(`${store.root}/${file.path}`);
      const end = file.offsetBytes + file.sizeBytes;
      assert.deepEqual(bytes, content.slice(file.offsetBytes, end), file.path);
    }
  }));

Deno.test("ContentStore: refuses to write through a symbolic link", () =>
  withStore(async ({ directory, store }) => {
    await Deno.mkdir(`${directory}/elsewhere`);
    await Deno.mkdir(store.root);
    await Deno.symlink(`${directory}/elsewhere`, `${store.root}/d1`);
    await assert.rejects(
      store.prepare({ discard: false, signal }),
      (error) => error instanceof TransferError && error.code === "disk_failed",
    );
    await Deno.remove(`${store.root}/d1`);
    await Deno.mkdir(`${store.root}/d1`);
    await Deno.symlink(`${directory}/elsewhere/f`, `${store.root}/d1/f1`);
    await assert.rejects(store.prepare({ discard: false, signal }), TransferError);
    assert.equal((await Array.fromAsync(Deno.readDir(`${directory}/elsewhere`))).length, 0);
  }));

Deno.test("ContentStore: a moved root is followed, whoever moved it", () =>
  withStore(async (setting) => {
    const { directory, store } = setting;
    await store.prepare({ discard: false, signal });
    store.write(0, piece(setting, 0));
    store.moveTo(`${directory}/second`);
    await Deno.rename(`${directory}/second`, `${directory}/third`);
    store.moveTo(`${directory}/third`);
    const back = new Uint8Array(PIECE_BYTES);
    store.read(0, back);
    assert.deepEqual(back, piece(setting, 0));
    assert.throws(() => store.moveTo(`${directory}/source`), TransferError);
  }));

/** Writes some pieces and their journal, as a fetch does. */
async function fetchSome(
  setting: Setting,
  options: { pieces: number[]; boot: string },
): Promise<ResumeJournal> {
  const { release, store } = setting;
  await store.prepare({ discard: false, signal });
  const journal = new ResumeJournal(`${store.root}.resume`, {
    release,
    verified: new PieceSet(release.pieceCount),
    boot: options.boot,
  });
  for (const index of options.pieces) {
    store.write(index * PIECE_BYTES, piece(setting, index));
    journal.add(index);
  }
  return journal;
}

async function resume({ release, store }: Setting, boot: string) {
  const formerBytes = await store.prepare({ discard: false, signal });
  const journal = readJournal(`${store.root}.resume`, release);
  const check = await checkResume({ release, store, formerBytes, journal, boot, signal });
  return { pieces: [...check.verified], rehashedBytes: check.rehashedBytes };
}

Deno.test("checkResume: the journal of a killed process is believed in the same boot", () =>
  withStore(async (setting) => {
    const pieces = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    const journal = await fetchSome(setting, { pieces, boot: "one" });
    journal.close();
    const { pieces: found, rehashedBytes } = await resume(setting, "one");
    assert.deepEqual(found, pieces);
    assert.equal(rehashedBytes, 8 * PIECE_BYTES, "a sample is hashed");
  }));

Deno.test("checkResume: after another boot, bits whose pieces did not reach the disk are found", () =>
  withStore(async (setting) => {
    const journal = await fetchSome(setting, { pieces: [1, 2, 5], boot: "one" });
    journal.close();
    setting.store.write(2 * PIECE_BYTES + 5, new Uint8Array(100));
    const { pieces, rehashedBytes } = await resume(setting, "two");
    assert.deepEqual(pieces, [1, 5]);
    assert.equal(rehashedBytes, 3 * PIECE_BYTES);
  }));

Deno.test("checkResume: a sample that does not match makes it hash everything that is claimed", () =>
  withStore(async (setting) => {
    const journal = await fetchSome(setting, { pieces: [1, 2, 5], boot: "one" });
    journal.close();
    setting.store.write(5 * PIECE_BYTES, new Uint8Array(PIECE_BYTES));
    assert.deepEqual((await resume(setting, "one")).pieces, [1, 2]);
  }));

Deno.test("checkResume: a sealed journal is believed but for files that changed since", () =>
  withStore(async (setting) => {
    const { release, store } = setting;
    const all = Array.from({ length: release.pieceCount }, (_, index) => index);
    const journal = await fetchSome(setting, { pieces: all, boot: "one" });
    const files = release.files.map((file) =>
      takeReceipt(`${store.root}/${file.path}`) ?? [-1, 0, 0] satisfies [number, number, number]
    );
    journal.seal({ synced: true, files });
    assert.deepEqual((await resume(setting, "two")).pieces, all);
    const damaged = release.files.find((file) => file.sizeBytes === 40_000);
    assert.ok(damaged !== undefined);
    const path = `${store.root}/${damaged.path}`;
    const bytes = await Deno.readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await Deno.writeFile(path, bytes);
    await Deno.utime(path, new Date(5000), new Date(5000));
    const lost = Math.floor(damaged.offsetBytes / PIECE_BYTES);
    assert.deepEqual((await resume(setting, "two")).pieces, all.filter((index) => index !== lost));
  }));

Deno.test("checkResume: pieces in files that are gone are not believed", () =>
  withStore(async (setting) => {
    const { release, store } = setting;
    const all = Array.from({ length: release.pieceCount }, (_, index) => index);
    const journal = await fetchSome(setting, { pieces: all, boot: "one" });
    journal.close();
    store.close();
    await Deno.remove(store.root, { recursive: true });
    assert.deepEqual((await resume(setting, "one")).pieces, []);
  }));

Deno.test("readJournal: damaged, truncated and foreign journals claim nothing", () =>
  withStore(async (setting) => {
    const { release, store, directory } = setting;
    const journal = await fetchSome(setting, { pieces: [1], boot: "one" });
    journal.close();
    const path = `${store.root}.resume`;
    const bytes = await Deno.readFile(path);
    const other = { ...release, infoHash: "f".repeat(40) };
    assert.equal(readJournal(path, other), undefined);
    assert.equal(readJournal(`${directory}/missing`, release), undefined);
    for (let length = 0; length < bytes.length; length++) {
      await Deno.writeFile(path, bytes.subarray(0, length));
      assert.equal(readJournal(path, release), undefined, `${length} bytes`);
    }
    await Deno.writeFile(path, new Uint8Array([...bytes, 0x7b]));
    assert.equal(readJournal(path, release)?.seal, undefined, "half a seal is none");
  }));
