import assert from "node:assert/strict";
import {
  lockedBytesOfMaps,
  lockMemory,
  MemoryMap,
  roundUpToPages,
  unlockMemory,
} from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

Deno.test("lockedBytesOfMaps counts what is locked of each map, also where another one shares its pages", async () => {
  await withFile(2 * MEBIBYTE, async (path) => {
    await withFile(5, async (small) => {
      using whole = MemoryMap.ofFile(path, 2 * MEBIBYTE);
      using again = MemoryMap.ofFile(path, 2 * MEBIBYTE);
      using other = MemoryMap.ofFile(small, 5);
      const maps = [other, again, whole];
      assert.deepEqual(lockedBytesOfMaps(maps), [0, 0, 0]);
      await lockMemory(whole);
      await lockMemory(other);
      assert.deepEqual(lockedBytesOfMaps(maps), [roundUpToPages(5), 0, 2 * MEBIBYTE]);
      // `Locked` of smaps has half of the pages for each.
      await lockMemory(again);
      assert.deepEqual(lockedBytesOfMaps(maps), [
        roundUpToPages(5),
        2 * MEBIBYTE,
        2 * MEBIBYTE,
      ]);
      unlockMemory(whole, { offsetBytes: MEBIBYTE / 2, lengthBytes: MEBIBYTE });
      const [left, all] = lockedBytesOfMaps([whole, again]);
      // Where the file system has huge pages, nothing is left of one that was unlocked in part.
      assert.ok(left === MEBIBYTE || left === 0, `${left}`);
      assert.equal(all, 2 * MEBIBYTE);
    });
  });
});

Deno.test("lockedBytesOfMaps does not count pages that a file has lost since it was locked", async () => {
  await withFile(2 * MEBIBYTE, async (path) => {
    using map = MemoryMap.ofFile(path, 2 * MEBIBYTE);
    await lockMemory(map);
    await Deno.truncate(path, 0);
    await Deno.truncate(path, 2 * MEBIBYTE);
    assert.deepEqual(lockedBytesOfMaps([map]), [0]);
  });
});
