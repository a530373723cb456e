/**
 * The contents of benchmarks: nothing that a disk, a file system or a protocol could make smaller.
 *
 * @module
 */

/** As much as the system gives at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Writes a file of random bytes. */
export function writeRandomFile(path: string, sizeBytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let left = sizeBytes; left > 0; left -= chunk.length) {
    crypto.getRandomValues(chunk);
    file.writeSync(chunk.subarray(0, left));
  }
}
