import assert from "node:assert/strict";
import { LibcError, MemoryMap } from "../../../ffi/mod.ts";
import { withFile } from "./temporary_files.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof LibcError, String(error));
    return error.code;
  }
  return "success";
}

Deno.test("MemoryMap says what is wrong: missing, empty, closed, out of range", async () => {
  await withFile(10, (path) => {
    assert.equal(codeOf(() => MemoryMap.ofFile(`${path}.not`, 10)), "ENOENT");
    assert.throws(() => MemoryMap.ofFile(path, 0), RangeError);
    assert.throws(() => MemoryMap.ofFile("a\0b", 10), TypeError);
    const map = MemoryMap.ofFile(path, 10);
    assert.throws(() => map.resolve({ offsetBytes: 10 }), RangeError);
    map.close();
    map.close();
    assert.equal(codeOf(() => map.resolve()), "EBADF");
  });
});
