/** Content on disk: reads and writes across files, links, and a root that moves. */

import assert from "node:assert/strict";
import { ContentStore } from "../../../../torrent/content/content_store.ts";
import { TransferError } from "../../../../torrent/errors.ts";
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
