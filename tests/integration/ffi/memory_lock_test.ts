import assert from "node:assert/strict";
import {
  lockedMemoryBytes,
  lockMemory,
  MemoryMap,
  pageSizeBytes,
  unlockMemory,
} from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

Deno.test("lockMemory raises VmLck by whole pages, unlockMemory and close lower it", async () => {
  const page = pageSizeBytes();
  await withFile(3 * MEBIBYTE + 1, async (path) => {
    const before = lockedMemoryBytes();
    using map = MemoryMap.ofFile(path, 3 * MEBIBYTE + 1);
    await lockMemory(map);
    assert.equal(lockedMemoryBytes() - before, 3 * MEBIBYTE + page);
    assert.equal(map.mappedBytes, 3 * MEBIBYTE + page);
    unlockMemory(map, { offsetBytes: 0, lengthBytes: MEBIBYTE });
    assert.equal(lockedMemoryBytes() - before, 2 * MEBIBYTE + page);
    map.close();
    assert.equal(lockedMemoryBytes(), before);
  });
});

Deno.test("lockMemory locks a range alone", async () => {
  await withFile(4 * MEBIBYTE, async (path) => {
    const before = lockedMemoryBytes();
    using map = MemoryMap.ofFile(path, 4 * MEBIBYTE);
    await lockMemory(map, { offsetBytes: MEBIBYTE, lengthBytes: 2 * MEBIBYTE });
    assert.equal(lockedMemoryBytes() - before, 2 * MEBIBYTE);
  });
});

Deno.test("lockMemory of a file that was cut short says ENOMEM", async () => {
  await withFile(2 * MEBIBYTE, async (path) => {
    using map = MemoryMap.ofFile(path, 2 * MEBIBYTE);
    await Deno.truncate(path, 10);
    await assert.rejects(lockMemory(map), { code: "ENOMEM", call: "mlock", path });
  });
});
