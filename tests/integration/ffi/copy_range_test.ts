import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { canShareBlocks, FilePair, LibcError } from "../../../ffi/mod.ts";
import { MEBIBYTE, withFolder } from "./temporary_files.ts";

Deno.test("FilePair.copy: copies ranges at odd places, and says when the source ends", async () => {
  await withFolder(async (folder) => {
    const content = randomFillSync(new Uint8Array(MEBIBYTE));
    await Deno.writeFile(`${folder}/from`, content);
    await Deno.writeFile(`${folder}/to`, new Uint8Array(2 * MEBIBYTE));
    using pair = new FilePair(`${folder}/from`, `${folder}/to`);
    const range = { fromBytes: 4_097, toBytes: MEBIBYTE + 3, sizeBytes: 300_001 };
    assert.equal(await pair.copy(range), 300_001);
    const there = await Deno.readFile(`${folder}/to`);
    assert.deepEqual(
      there.subarray(MEBIBYTE + 3, MEBIBYTE + 3 + 300_001),
      content.subarray(4_097, 4_097 + 300_001),
    );
    const others = [...there.subarray(0, MEBIBYTE + 3), ...there.subarray(MEBIBYTE + 3 + 300_001)];
    assert.ok(others.every((byte) => byte === 0), "nothing else was written");
    const end = { fromBytes: MEBIBYTE - 10, toBytes: 0, sizeBytes: 100 };
    assert.equal(await pair.copy(end), 10);
    assert.equal(await pair.copy({ ...end, fromBytes: MEBIBYTE }), 0);
    assert.deepEqual(await Deno.readFile(`${folder}/from`), content);
  });
});

Deno.test("FilePair: what cannot be opened or written to is an error with errno's name", async () => {
  await withFolder(async (folder) => {
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
  await withFolder((folder) => {
    assert.equal(typeof canShareBlocks(folder), "boolean");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    assert.throws(() => canShareBlocks(`${folder}/none`));
    return Promise.resolve();
  });
});
