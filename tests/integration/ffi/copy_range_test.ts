/** Copying between files inside of the kernel, on whatever file system the temporary folder is. */

import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { canShareBlocks, FilePair, LibcError, residentParts } from "../../../ffi/mod.ts";
import { dropFromPageCache } from "../../../ffi/page_cache.ts";

const MIB = 1024 * 1024;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-copy-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("FilePair.copy: copies ranges at odd places, and says when the source ends", async () => {
  await inFolder(async (folder) => {
    const content = randomFillSync(new Uint8Array(MIB));
    await Deno.writeFile(`${folder}/from`, content);
    await Deno.writeFile(`${folder}/to`, new Uint8Array(2 * MIB));
    using pair = new FilePair(`${folder}/from`, `${folder}/to`);
    const range = { fromBytes: 4_097, toBytes: MIB + 3, sizeBytes: 300_001 };
    assert.equal(await pair.copy(range), 300_001);
    const there = await Deno.readFile(`${folder}/to`);
    assert.deepEqual(
      there.subarray(MIB + 3, MIB + 3 + 300_001),
      content.subarray(4_097, 4_097 + 300_001),
    );
    const others = [...there.subarray(0, MIB + 3), ...there.subarray(MIB + 3 + 300_001)];
    assert.ok(others.every((byte) => byte === 0), "nothing else was written");
    const end = { fromBytes: MIB - 10, toBytes: 0, sizeBytes: 100 };
    assert.equal(await pair.copy(end), 10);
    assert.equal(await pair.copy({ ...end, fromBytes: MIB }), 0);
    assert.deepEqual(await Deno.readFile(`${folder}/from`), content);
  });
});

Deno.test("FilePair: what cannot be opened or written to is an error with errno's name", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/from`, new Uint8Array(10));
    const isError = (code: string) => (error: unknown) =>
      error instanceof LibcError && error.code === code;
    assert.throws(() => new FilePair(`${folder}/none`, `${folder}/from`), isError("ENOENT"));
    assert.throws(() => new FilePair(`${folder}/from`, `${folder}/none`), isError("ENOENT"));
    assert.throws(() => new FilePair(`${folder}/from`, folder), isError("EISDIR"));
    using itself = new FilePair(`${folder}/from`, `${folder}/from`);
    const overlap = { fromBytes: 0, toBytes: 1, sizeBytes: 5 };
    await assert.rejects(itself.copy(overlap), isError("EINVAL"));
  });
});

Deno.test("canShareBlocks: answers, and leaves nothing behind", async () => {
  await inFolder((folder) => {
    assert.equal(typeof canShareBlocks(folder), "boolean");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    assert.throws(() => canShareBlocks(`${folder}/none`));
    return Promise.resolve();
  });
});

Deno.test("residentParts: tells which parts of a file are in memory", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeFile(path, new Uint8Array(12 * MIB + 1));
    const size = { sizeBytes: 12 * MIB + 1, partBytes: 4 * MIB };
    assert.deepEqual([...residentParts(path, size)], [1, 1, 1, 1]);
    await dropFromPageCache(path);
    assert.deepEqual([...residentParts(path, size)], [0, 0, 0, 0]);
    using file = await Deno.open(path);
    await file.read(new Uint8Array(1));
    const [first, , , last] = residentParts(path, size);
    assert.deepEqual([first, last], [1, 0], "what was read, and what is far from it");
    assert.equal(residentParts(path, { sizeBytes: 0, partBytes: MIB }).length, 0);
  });
});
