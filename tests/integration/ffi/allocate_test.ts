import assert from "node:assert/strict";
import { allocateFile, LibcError } from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

Deno.test("allocateFile reserves the blocks and keeps what is there", async () => {
  await withFile(10, async (path) => {
    await allocateFile(path, MEBIBYTE);
    const stat = await Deno.stat(path);
    assert.equal(stat.size, MEBIBYTE);
    assert.ok((stat.blocks ?? 0) * 512 >= MEBIBYTE);
    assert.deepEqual((await Deno.readFile(path)).subarray(8, 12), new Uint8Array([7, 7, 0, 0]));
    await allocateFile(path, 10);
    assert.equal((await Deno.stat(path)).size, MEBIBYTE);
    await allocateFile(`${path}.new`, 0);
    assert.equal((await Deno.stat(`${path}.new`)).size, 0);
  });
});

Deno.test("allocateFile of more than the disk holds says so at once", async () => {
  await withFile(0, async (path) => {
    await assert.rejects(allocateFile(path, 2 ** 52), (error) => {
      assert.ok(error instanceof LibcError);
      return ["ENOSPC", "EFBIG"].includes(error.code) && error.path === path;
    });
  });
});
