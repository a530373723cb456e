import assert from "node:assert/strict";
import { FileLock } from "../../../ffi/mod.ts";
import { withFile } from "./temporary_files.ts";

Deno.test("FileLock is held by one at a time and freed by release", async () => {
  await withFile(0, (path) => {
    const first = FileLock.tryAcquire(path);
    assert.ok(first !== null);
    assert.equal(FileLock.tryAcquire(path), null);
    first.release();
    first.release();
    const second = FileLock.tryAcquire(path);
    assert.ok(second !== null);
    second.release();
  });
});
