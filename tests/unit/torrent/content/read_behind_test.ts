/** Reads that leave the page cache as it was, on real files: for peers, to verify, and to publish. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { dropFromPageCache, fileResidency } from "../../../../ffi/mod.ts";
import { ContentStore } from "../../../../torrent/content/content_store.ts";
import { verifyRelease } from "../../../../torrent/content/verify_release.ts";
import {
  createCopiedRelease,
  openContentFolder,
} from "../../../../torrent/publisher/content_copies.ts";
import { createRelease } from "../../../../torrent/publisher/create_release.ts";
import type { Release } from "../../../../torrent/release/release.ts";
import { noise, release as releaseOf } from "../delta/content.ts";

const MIB = 1024 * 1024;
const SIZE_BYTES = 48 * MIB;
/** What the kernel reads ahead at most, with what it rounds that up to. */
const AHEAD_BYTES = 18 * MIB;
const BLOCK_BYTES = 16 * 1024;

interface Setting {
  readonly folder: string;
  readonly release: Release;
  readonly root: string;
  /** Of the file, in bytes. */
  resident(): number;
  /** A service reads a part of the file. */
  use(startBytes: number, sizeBytes: number): void;
}

/** A release of one file of which nothing is in memory. */
async function withColdFile(test: (setting: Setting) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    const root = `${folder}/content`;
    const release = await releaseOf(root, { blob: noise(SIZE_BYTES, 1) }, { version: "1" });
    const path = `${root}/blob`;
    await dropFromPageCache(path);
    assert.equal(fileResidency(path, SIZE_BYTES).residentBytes, 0);
    await test({
      folder,
      release,
      root,
      resident: () => fileResidency(path, SIZE_BYTES).residentBytes,
      use(startBytes, sizeBytes) {
        using file = Deno.openSync(path);
        file.seekSync(startBytes, Deno.SeekMode.Start);
        file.readSync(new Uint8Array(sizeBytes));
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads blocks as peers ask for them. */
async function readBlocks(store: ContentStore, order: readonly number[]): Promise<void> {
  const buffer = new Uint8Array(BLOCK_BYTES);
  for (const [count, block] of order.entries()) {
    store.read(block * BLOCK_BYTES, buffer);
    if (count % 64 === 0) await store.settled();
  }
  await store.settled();
}

const IN_ORDER = Array.from({ length: SIZE_BYTES / BLOCK_BYTES }, (_, block) => block);

Deno.test("ContentStore: what is read for peers leaves the page cache but for the newest", () =>
  withColdFile(async ({ release, root, resident }) => {
    const store = new ContentStore(release, root, { warmBytes: 4 * MIB });
    await readBlocks(store, IN_ORDER);
    assert.ok(resident() <= 4 * MIB + AHEAD_BYTES, `${resident()} bytes are resident`);
    // Piece by piece, in no order.
    const blocks = 4 * MIB / BLOCK_BYTES;
    const pieces = Array.from({ length: SIZE_BYTES / (4 * MIB) }, (_, index) => (index * 5) % 12);
    const mixed = pieces.flatMap((piece) => IN_ORDER.slice(piece * blocks, (piece + 1) * blocks));
    await readBlocks(store, mixed);
    assert.ok(resident() <= 4 * MIB + AHEAD_BYTES, `mixed: ${resident()} bytes are resident`);
    store.close();
  }));

Deno.test("ContentStore: what was in memory before it is read for peers stays there", () =>
  withColdFile(async ({ release, root, resident, use }) => {
    use(0, 8 * MIB);
    const usedBytes = resident();
    assert.ok(usedBytes >= 8 * MIB);
    const store = new ContentStore(release, root, { warmBytes: 2 * MIB });
    await readBlocks(store, IN_ORDER);
    assert.ok(resident() >= usedBytes, `${resident()} bytes of ${usedBytes}`);
    assert.ok(
      resident() <= usedBytes + 2 * MIB + AHEAD_BYTES,
      `${resident()} bytes of ${usedBytes}`,
    );
    store.close();
  }));

Deno.test("verifyRelease: leaves the page cache as it was, unless the pages are needed next", () =>
  withColdFile(async ({ release, root, resident, use }) => {
    const { metainfo } = release;
    await verifyRelease({ metainfo, root });
    assert.ok(resident() < MIB, `${resident()} bytes are resident`);
    use(4 * MIB, MIB);
    const usedBytes = resident();
    await verifyRelease({ metainfo, root });
    assert.equal(resident(), usedBytes);
    await verifyRelease({ metainfo, root, pages: "keep" });
    assert.equal(resident(), SIZE_BYTES);
  }));

Deno.test("createRelease: leaves the page cache as it was", () =>
  withColdFile(async ({ root, resident, use }) => {
    const options = { service: "web", version: "2", path: root, announce: [], log: silentLog };
    await createRelease(options);
    assert.ok(resident() < MIB, `${resident()} bytes are resident`);
    use(4 * MIB, MIB);
    const usedBytes = resident();
    await createRelease(options);
    assert.equal(resident(), usedBytes);
  }));

Deno.test("createCopiedRelease: neither the content nor its copy stays in the page cache", () =>
  withColdFile(async ({ folder, root, resident }) => {
    const feedDir = `${folder}/feed`;
    await openContentFolder(feedDir);
    const copy = await createCopiedRelease({
      service: "web",
      version: "2",
      path: root,
      announce: [],
      log: silentLog,
      feedDir,
      isKnown: () => Promise.resolve(false),
      isSharing: () => false,
    });
    assert.ok(resident() < MIB, `${resident()} bytes are resident`);
    const copied = fileResidency(`${copy.root}/blob`, SIZE_BYTES).residentBytes;
    assert.ok(copied < MIB, `${copied} bytes of the copy are resident`);
  }));
