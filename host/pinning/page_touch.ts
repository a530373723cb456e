/**
 * Brings the pages of files into memory, or has them leave it, without locking anything: what may be done before a service
 * starts, and after it is gone. What is there already is not read again.
 *
 * @module
 */

import { cachedBytes, dropFromPageCache, LibcError, MemoryMap } from "../../ffi/mod.ts";
import { inBatches, isSmall } from "./file_batches.ts";
import type { PinFile } from "./pin_selection.ts";

/** How much is read by one call, between two looks whether to go on. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** How many files are written and dropped at a time: as many as there are threads for it. */
const EVICTIONS_AT_A_TIME = 4;

/** What is called while it goes on. */
export interface TouchOptions {
  readonly signal: AbortSignal;
}

/**
 * Reads what is not in memory. Pages that nobody has locked may leave it again at any time.
 *
 * @throws {LibcError} when a file cannot be opened or read; the signal's reason when it aborts.
 */
export async function touchFiles(
  files: Iterable<PinFile>,
  { signal }: TouchOptions,
): Promise<void> {
  for (const batch of inBatches(files)) {
    signal.throwIfAborted();
    const missing = batch.filter((file) =>
      file.sizeBytes > 0 && cachedBytes(file.path, file.sizeBytes, file) < file.sizeBytes
    );
    using maps = new DisposableStack();
    const toRead = missing.map(({ path, sizeBytes, offsetBytes = 0 }) => {
      const map = maps.use(MemoryMap.ofFile(path, sizeBytes, { offsetBytes }));
      if (isSmall(map)) map.prefetch();
      else map.preferHugePages();
      return { map, offsetBytes };
    });
    for (const { map, offsetBytes } of toRead) await readMap(map, { offsetBytes, signal });
  }
}

async function readMap(
  map: MemoryMap,
  { offsetBytes, signal }: TouchOptions & { readonly offsetBytes: number },
): Promise<void> {
  for (let offset = 0; offset < map.sizeBytes; offset += CHUNK_BYTES) {
    signal.throwIfAborted();
    try {
      await map.populate({ offsetBytes: offset, lengthBytes: CHUNK_BYTES });
    } catch (error) {
      // Linux before 5.14 does not have the call.
      if (!(error instanceof LibcError && error.code === "EINVAL")) throw error;
      await readThrough(map.path, {
        fromBytes: offsetBytes + offset,
        toBytes: offsetBytes + Math.min(offset + CHUNK_BYTES, map.sizeBytes),
      });
    }
  }
}

async function readThrough(
  path: string,
  { fromBytes, toBytes }: { readonly fromBytes: number; readonly toBytes: number },
): Promise<void> {
  using file = await Deno.open(path);
  await file.seek(fromBytes, Deno.SeekMode.Start);
  const buffer = new Uint8Array(1024 * 1024);
  for (let leftBytes = toBytes - fromBytes; leftBytes > 0;) {
    const count = await file.read(buffer.subarray(0, Math.min(buffer.length, leftBytes)));
    if (count === null) return;
    leftBytes -= count;
  }
}

/**
 * Writes what is not on the disk yet, and drops the pages. Those stay that a process has mapped or locked.
 *
 * @throws {LibcError} when a file cannot be opened or written; the signal's reason when it aborts.
 */
export async function evictFiles(
  files: readonly PinFile[],
  { signal }: TouchOptions,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: EVICTIONS_AT_A_TIME }, async () => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      signal.throwIfAborted();
      const { path, offsetBytes = 0, sizeBytes } = file;
      if (sizeBytes === 0) continue;
      await dropFromPageCache(path, { offsetBytes, lengthBytes: sizeBytes });
    }
  }));
}
