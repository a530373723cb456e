import assert from "node:assert/strict";
import {
  dropFromPageCache,
  fileResidency,
  lockMemory,
  mapResidency,
  MemoryMap,
  residentParts,
} from "../../../ffi/mod.ts";
import { MEBIBYTE, withFile, withFolder } from "./temporary_files.ts";

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

Deno.test("residentParts: tells which parts of a file are in memory", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeFile(path, new Uint8Array(12 * MEBIBYTE + 1));
    const size = { sizeBytes: 12 * MEBIBYTE + 1, partBytes: 4 * MEBIBYTE };
    assert.deepEqual([...residentParts(path, size)], [1, 1, 1, 1]);
    await dropFromPageCache(path);
    assert.deepEqual([...residentParts(path, size)], [0, 0, 0, 0]);
    using file = await Deno.open(path);
    await file.read(new Uint8Array(1));
    const [first, , , last] = residentParts(path, size);
    assert.deepEqual([first, last], [1, 0], "what was read, and what is far from it");
    assert.equal(residentParts(path, { sizeBytes: 0, partBytes: MEBIBYTE }).length, 0);
  });
});
