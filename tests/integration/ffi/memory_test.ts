import assert from "node:assert/strict";
import { join } from "node:path";
import {
  allocateFile,
  dropFromPageCache,
  FileLock,
  fileResidency,
  LibcError,
  lockedMemoryBytes,
  lockMemory,
  mapResidency,
  MemoryMap,
  pageSizeBytes,
  unlockMemory,
} from "../../../ffi/mod.ts";

const MEBIBYTE = 1024 * 1024;

async function withFile(sizeBytes: number, use: (path: string) => Promise<void> | void) {
  const folder = await Deno.makeTempDir({ prefix: "rollcall_" });
  try {
    const path = join(folder, "file");
    await Deno.writeFile(path, new Uint8Array(sizeBytes).fill(7));
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof LibcError, String(error));
    return error.code;
  }
  return "success";
}

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

Deno.test("dropFromPageCache empties the cache of a file, and reading fills it again", async () => {
  const sizeBytes = 2 * MEBIBYTE + 5;
  await withFile(sizeBytes, async (path) => {
    assert.equal(fileResidency(path, sizeBytes).residentBytes, sizeBytes);
    await dropFromPageCache(path);
    assert.equal(fileResidency(path, sizeBytes).residentBytes, 0);
    await Deno.readFile(path);
    assert.deepEqual(fileResidency(path, sizeBytes), { sizeBytes, residentBytes: sizeBytes });
  });
});

Deno.test("dropFromPageCache leaves locked pages where they are", async () => {
  await withFile(2 * MEBIBYTE, async (path) => {
    using map = MemoryMap.ofFile(path, 2 * MEBIBYTE);
    await lockMemory(map, { lengthBytes: MEBIBYTE });
    await dropFromPageCache(path);
    // Where the file system uses large folios, the rest of the last one stays with it.
    assert.ok(mapResidency(map).residentBytes >= MEBIBYTE);
  });
});

Deno.test("fileResidency counts in every window, the last byte, and an empty file", async () => {
  const sizeBytes = 130 * MEBIBYTE + 1;
  await withFile(0, async (path) => {
    assert.deepEqual(fileResidency(path, 0), { sizeBytes: 0, residentBytes: 0 });
    await Deno.truncate(path, sizeBytes);
    assert.equal(fileResidency(path, sizeBytes).residentBytes, 0);
    using map = MemoryMap.ofFile(path, sizeBytes);
    // Locked, because what is only read may be dropped again at any moment; and little of it,
    // because an ordinary user may lock but 8 MiB.
    await lockMemory(map, { offsetBytes: 70 * MEBIBYTE, lengthBytes: 4 * MEBIBYTE });
    await lockMemory(map, { offsetBytes: 130 * MEBIBYTE, lengthBytes: 1 });
    const { residentBytes } = fileResidency(path, sizeBytes);
    assert.ok(residentBytes > 4 * MEBIBYTE && residentBytes % 2 === 1, `${residentBytes}`);
  });
});

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
