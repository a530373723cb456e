import assert from "node:assert/strict";
import { inBatches } from "../../../../host/pinning/file_batches.ts";

const KIB = 1024;

function sizesOf(sizes: readonly number[]): number[][] {
  return [...inBatches(sizes.map((sizeBytes) => ({ sizeBytes })))]
    .map((batch) => batch.map(({ sizeBytes }) => sizeBytes));
}

Deno.test("inBatches puts small files together, and each of the others alone", () => {
  const large = 300 * KIB;
  assert.deepEqual(sizesOf([1, 2, large, 3, large, large]), [[1, 2], [large], [3], [large], [
    large,
  ]]);
  assert.deepEqual(sizesOf([]), []);
});

Deno.test("inBatches bounds the files and the bytes of a batch", () => {
  assert.deepEqual(sizesOf(Array(600).fill(10)).map((batch) => batch.length), [256, 256, 88]);
  const batches = sizesOf(Array(40).fill(256 * KIB));
  assert.deepEqual(batches.map((batch) => batch.length), [16, 16, 8]);
});
