import assert from "node:assert/strict";
import {
  cachedBytes,
  dropFromPageCache,
  fileResidency,
  MemoryMap,
  pageSizeBytes,
} from "../../../ffi/mod.ts";
import { eventually } from "../host/support.ts";
import { MEBIBYTE, withFile } from "./temporary_files.ts";

Deno.test("cachedBytes says what mincore(2) says, of whole files and of ranges", async () => {
  const page = pageSizeBytes();
  // More than the kernel reads ahead.
  const sizeBytes = 40 * MEBIBYTE + 10;
  await withFile(sizeBytes, async (path) => {
    assert.equal(cachedBytes(path, sizeBytes), sizeBytes);
    await dropFromPageCache(path);
    assert.equal(cachedBytes(path, sizeBytes), 0);
    using map = MemoryMap.ofFile(path, page, { offsetBytes: 2 * MEBIBYTE });
    await map.populate();
    const range = { offsetBytes: 2 * MEBIBYTE };
    assert.equal(cachedBytes(path, page, range), page);
    // What the kernel reads ahead has its place in the cache a moment before its content.
    await eventually(() =>
      cachedBytes(path, sizeBytes) === fileResidency(path, sizeBytes).residentBytes
    );
    assert.ok(cachedBytes(path, sizeBytes) < sizeBytes);
    assert.equal(fileResidency(path, page, range).residentBytes, page);
    assert.equal(cachedBytes(path, 0), 0);
  });
});

Deno.test("cachedBytes of what is not there says so", () => {
  assert.throws(() => cachedBytes("/nowhere/to/be/found", 1), { code: "ENOENT" });
});
