/**
 * Reads files whose size nobody vouches for: a path that a user gives may lead to a device or a pipe that never ends.
 *
 * @module
 */

/** Reads a file as a whole; undefined if it has more than `maxBytes`. Rejects with the system's error. */
export async function readBounded(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  // One byte more than it should have shows that it goes on; a device says that it has none.
  let bytes = new Uint8Array(Math.min(maxBytes, Math.max(size, FIRST_BYTES)) + 1);
  let sizeBytes = 0;
  for (;;) {
    const readBytes = await file.read(bytes.subarray(sizeBytes));
    if (readBytes === null) return bytes.subarray(0, sizeBytes);
    sizeBytes += readBytes;
    if (sizeBytes > maxBytes) return undefined;
    if (sizeBytes < bytes.length) continue;
    const larger = new Uint8Array(Math.min(maxBytes + 1, bytes.length * 2));
    larger.set(bytes);
    bytes = larger;
  }
}

/** What is read at first of a file that does not say its size. */
const FIRST_BYTES = 64 * 1024;
