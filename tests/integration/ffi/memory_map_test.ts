import assert from "node:assert/strict";
import { dropFromPageCache, LibcError, mapResidency, MemoryMap } from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

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

Deno.test("MemoryMap.populate reads what is missing, and a file that was cut short kills nobody", async () => {
  await withFile(3 * MEBIBYTE, async (path) => {
    await dropFromPageCache(path);
    using map = MemoryMap.ofFile(path, 3 * MEBIBYTE);
    map.preferHugePages();
    map.prefetch();
    await map.populate();
    assert.equal(mapResidency(map).residentBytes, 3 * MEBIBYTE);
    await Deno.truncate(path, 10);
    // To read a byte of such a page would be the end of this process (SIGBUS).
    await assert.rejects(map.populate({ offsetBytes: MEBIBYTE }), {
      code: "EFAULT",
      call: "madvise",
    });
    assert.ok(mapResidency(map).residentBytes < 3 * MEBIBYTE);
  });
});
