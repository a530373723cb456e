/** Content on disk: reads and writes across files, links, and a root that moves. */

import assert from "node:assert/strict";
import { ContentStore } from "../../../../torrent/content/content_store.ts";
import type { DiskSpace } from "../../../../base/disk_space.ts";
import { TransferError } from "../../../../torrent/errors.ts";
import type { Release } from "../../../../torrent/release/release.ts";
import { noise, release } from "../delta/content.ts";
import { piece, PIECE_BYTES, signal, withStore } from "./stored_release.ts";

const MIB = 1024 * 1024;

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

Deno.test("ContentStore: a root that is moved can be read before, while and after it moves", () =>
  withStore(async (setting) => {
    // Regression: who asked between the rename and the moment at which the store was told of it ended the transfer.
    const { directory, store } = setting;
    await store.prepare({ discard: false, signal });
    store.write(0, piece(setting, 0));
    const expectReadable = () => {
      store.close();
      const back = new Uint8Array(PIECE_BYTES);
      store.read(0, back);
      assert.deepEqual(back, piece(setting, 0));
    };
    const [first, second] = [store.root, `${directory}/second`];
    await store.moveTo(second, async () => {
      expectReadable();
      await Deno.rename(first, second);
      expectReadable();
    });
    assert.equal(store.root, second);
    expectReadable();
  }));

Deno.test("ContentStore: a move that fails leaves the root where the content is", () =>
  withStore(async ({ directory, store }) => {
    await store.prepare({ discard: false, signal });
    const [first, second] = [store.root, `${directory}/second`];
    await assert.rejects(store.moveTo(second, () => Promise.resolve()), TransferError);
    assert.equal(store.root, first);
    const late = new Error("the trash could not be emptied");
    const moving = store.moveTo(second, async () => {
      await Deno.rename(first, second);
      throw late;
    });
    await assert.rejects(moving, late);
    assert.equal(store.root, second);
  }));

Deno.test("ContentStore: a flush in the background that has failed fails the sync", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  const root = `${folder}/target`;
  const files = { f000: noise(80 * MIB, 0) };
  const store = new ContentStore(await release(`${folder}/source`, files, { version: "1" }), root);
  try {
    await store.prepare({ discard: false, signal });
    store.write(0, noise(MIB, 1));
    // Its descriptor is open, so that writing goes on.
    await Deno.rename(`${root}/f000`, `${root}/gone`);
    for (let at = 1; at < 64; at++) store.write(at * MIB, noise(MIB, 1));
    await store.settled();
    await Deno.rename(`${root}/gone`, `${root}/f000`);
    await assert.rejects(
      store.sync(),
      (error) => error instanceof TransferError && error.code === "disk_failed",
    );
  } finally {
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

/** A disk that has so much room, without rounding to blocks. */
function spaceWith(room: Partial<DiskSpace>): () => Promise<DiskSpace> {
  const space = { freeBytes: Infinity, totalBytes: Infinity, freeFiles: Infinity, blockBytes: 1 };
  return () => Promise.resolve({ ...space, ...room });
}

Deno.test("ContentStore: without room for all files nothing is made, and it says what is needed, free, and where", () =>
  withStore(async ({ directory, release }) => {
    const root = `${directory}/small`;
    const allocated: string[] = [];
    const store = new ContentStore(release, root, {
      preallocate: (path) => void allocated.push(path),
      space: spaceWith({ freeBytes: release.sizeBytes - 1 }),
    });
    await assert.rejects(store.prepare({ discard: false, signal }), (error) => {
      assert.ok(error instanceof TransferError && error.code === "disk_full");
      assert.match(error.message, /small: it takes .* beside what is there, .* are free \(1 B are/);
      return true;
    });
    assert.deepEqual([allocated, walk(root)], [[], []]);
    const last = `${root}/${release.files.at(-1)!.path}`;
    await Deno.mkdir(last.replace(/\/[^/]*$/, ""));
    await Deno.writeFile(last, new Uint8Array(1));
    const formerBytes = await store.prepare({ discard: false, signal });
    assert.equal(formerBytes.at(-1), 1, "it takes a block less");
    assert.ok(allocated.length > 0);
  }));

Deno.test("ContentStore: each file takes whole blocks, a folder and a file an inode, and a hole nothing", () =>
  withStore(async ({ directory, release }) => {
    const root = `${directory}/small`;
    const room = { freeBytes: Infinity, freeFiles: 204, blockBytes: 4096 };
    const store = new ContentStore(release, root, {
      preallocate: () => {},
      space: () => spaceWith(room)(),
    });
    const neededBytes = release.files
      .reduce((sum, { sizeBytes }) => sum + Math.ceil(sizeBytes / 4096) * 4096, 0);
    const lacks = /it takes 205 new files and folders, the disk can hold 204 more \(inodes\); make/;
    await assert.rejects(store.prepare({ discard: false, signal }), lacks);
    Object.assign(room, { freeFiles: 205, freeBytes: neededBytes - 1 });
    await assert.rejects(
      store.prepare({ discard: false, signal }),
      /no room for .*small: it takes/,
    );
    assert.deepEqual(walk(root), []);
    // A file that is as long as it should be stays as it is. One that is shorter, and a hole, takes all of its room.
    const [full, hole] = release.files.filter(({ sizeBytes }) => sizeBytes === 40_000);
    for (const { path } of [full!, hole!]) {
      await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    }
    await Deno.writeFile(`${root}/${full!.path}`, new Uint8Array(40_000));
    await Deno.writeFile(`${root}/${hole!.path}`, new Uint8Array());
    await Deno.truncate(`${root}/${hole!.path}`, 39_999);
    Object.assign(room, { freeFiles: 204, freeBytes: neededBytes - 40_960 - 1 });
    await assert.rejects(store.prepare({ discard: false, signal }), /\(1 B are missing\)/);
    room.freeBytes += 1;
    const formerBytes = await store.prepare({ discard: false, signal });
    assert.equal(formerBytes.filter((sizeBytes) => sizeBytes > 0).length, 2);
  }));

Deno.test("ContentStore: an allocation that fails is undone, with the files and folders before it", () =>
  withStore(async ({ directory, release }) => {
    const root = `${directory}/small`;
    let left = 100;
    const store = new ContentStore(release, root, {
      space: spaceWith({}),
      preallocate(path, sizeBytes) {
        Deno.truncateSync(path, sizeBytes);
        if (left-- === 0) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
      },
    });
    const kept = release.files.find(({ sizeBytes }) => sizeBytes > 1000)!;
    await Deno.mkdir(`${root}/${kept.path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(`${root}/${kept.path}`, new Uint8Array(1000).fill(1));
    await assert.rejects(
      store.prepare({ discard: false, signal }),
      (error) => error instanceof TransferError && error.code === "disk_full",
    );
    assert.deepEqual(walk(root), [kept.path], "what an earlier fetch has left");
    assert.equal(Deno.statSync(`${root}/${kept.path}`).size, 1000);
    assert.equal([...Deno.readDirSync(root)].length, 1, "no folder that it has made stays");
    left = Infinity;
    const formerBytes = await store.prepare({ discard: false, signal });
    assert.equal(Math.max(...formerBytes), 1000);
    assert.equal(largest(release, root), 40_000);
  }));

/** The files below a folder, relative to it. */
function walk(root: string, below = ""): string[] {
  return [...Deno.readDirSync(`${root}/${below}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(root, `${below}${name}/`) : [`${below}${name}`]
  );
}

/** The size of the largest file. */
function largest(release: Release, root: string): number {
  return Math.max(...release.files.map(({ path }) => Deno.statSync(`${root}/${path}`).size));
}
