/**
 * Finds out which parts of a file are in the page cache, and drops them from it. memory_lock.ts locks pages.
 */

import { errnoName, lastError } from "./errno.ts";
import { libc, pageSizeBytes } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import type { MapRange } from "./memory_map.ts";
import { MemoryMap } from "./memory_map.ts";
import { closeFile, openFile } from "./open_file.ts";

const POSIX_FADV_DONTNEED = 4;

/**
 * How much is asked for by one call of mincore(2), which fills one byte per page: 64 MiB (16 KiB of
 * answer) keep the call short, since it runs on the JavaScript thread.
 */
const MINCORE_WINDOW_BYTES = 64 * 1024 * 1024;

/** How much of a file is in memory. */
export interface Residency {
  /** Bytes of the file. */
  sizeBytes: number;
  /** Bytes of them whose pages are in memory. */
  residentBytes: number;
}

/**
 * How much of a map is in memory now: mincore(2). The answer is about the page cache, which all
 * processes share; only locked pages are sure to stay.
 *
 * @throws {LibcError} `ENOMEM` when the map is gone.
 */
export function mapResidency(map: MemoryMap): Residency {
  const page = pageSizeBytes();
  const answer = new Uint8Array(MINCORE_WINDOW_BYTES / page);
  let residentBytes = 0;
  for (let offset = 0; offset < map.sizeBytes; offset += MINCORE_WINDOW_BYTES) {
    const { address, lengthBytes } = map.resolve({
      offsetBytes: offset,
      lengthBytes: MINCORE_WINDOW_BYTES,
    });
    if (libc().mincore(address, lengthBytes, answer) !== 0) throw lastError("mincore", map.path);
    const length = Number(lengthBytes);
    for (let index = 0; index * page < length; index++) {
      // Only the lowest bit has a meaning; the last page counts up to the end of the file.
      if (((answer[index] ?? 0) & 1) === 1) residentBytes += Math.min(page, length - index * page);
    }
  }
  return { sizeBytes: map.sizeBytes, residentBytes };
}

/**
 * Whether any page of a range of a map is in memory now: mincore(2).
 *
 * @param range begins anywhere, and is best of a few pages: each one that is not mapped is looked up.
 * @throws {LibcError} `ENOMEM` when the map is gone.
 */
export function isAnyResident(map: MemoryMap, range: Required<MapRange>): boolean {
  const page = pageSizeBytes();
  const before = range.offsetBytes % page;
  const { address, lengthBytes } = map.resolve({
    offsetBytes: range.offsetBytes - before,
    lengthBytes: range.lengthBytes + before,
  });
  const answer = new Uint8Array(Math.ceil(Number(lengthBytes) / page));
  if (libc().mincore(address, lengthBytes, answer) !== 0) throw lastError("mincore", map.path);
  return answer.some((byte) => (byte & 1) === 1);
}

/**
 * How much of a file is in memory now. Nothing is read from disk. mincore(2), of a map that is made for it.
 *
 * @param sizeBytes the file's size, from stat, or that of the range.
 * @param range where the range begins: a multiple of the page size. Default 0.
 * @throws {LibcError} as {@linkcode MemoryMap.ofFile} and {@linkcode mapResidency}.
 */
export function fileResidency(
  path: string,
  sizeBytes: number,
  { offsetBytes = 0 }: Pick<MapRange, "offsetBytes"> = {},
): Residency {
  if (sizeBytes === 0) return { sizeBytes: 0, residentBytes: 0 };
  using map = MemoryMap.ofFile(path, sizeBytes, { offsetBytes });
  return mapResidency(map);
}

/**
 * Which parts of a file have any page in memory now: 1 for yes, 0 for no. With it the page cache can be left as it was: parts
 * that were not in it can be dropped after they have been read, while the others are used by some process.
 *
 * @param options the file's size, from stat, and the size of a part: 64 KiB times a power of two, at most 64 MiB.
 * @throws {LibcError} as {@linkcode MemoryMap.ofFile} and {@linkcode mapResidency}.
 */
export function residentParts(
  path: string,
  { sizeBytes, partBytes }: { readonly sizeBytes: number; readonly partBytes: number },
): Uint8Array {
  const parts = new Uint8Array(Math.ceil(sizeBytes / partBytes));
  if (sizeBytes === 0) return parts;
  using map = MemoryMap.ofFile(path, sizeBytes);
  const page = pageSizeBytes();
  const answer = new Uint8Array(partBytes / page);
  for (let part = 0; part < parts.length; part++) {
    const { address, lengthBytes } = map.resolve({
      offsetBytes: part * partBytes,
      lengthBytes: partBytes,
    });
    if (libc().mincore(address, lengthBytes, answer) !== 0) throw lastError("mincore", path);
    const pages = Math.ceil(Number(lengthBytes) / page);
    parts[part] = answer.subarray(0, pages).some((byte) => (byte & 1) === 1) ? 1 : 0;
  }
  return parts;
}

/**
 * Writes a file's dirty pages to disk and drops its pages from the page cache, so that a download does
 * not evict what the running service reads. Pages that a process has locked or mapped stay.
 *
 * @param range the part of the file; default the whole file.
 * @throws {LibcError} with errno's name, `EIO` when the pages could not be written.
 */
export async function dropFromPageCache(path: string, range: MapRange = {}): Promise<void> {
  const fd = openFile(path, "read");
  try {
    // POSIX_FADV_DONTNEED skips dirty pages, so they are written first.
    if (await libc().fdatasync_nonblocking(fd) !== 0 && libc().fdatasync(fd) !== 0) {
      throw lastError("fdatasync", path);
    }
    await adviseDontNeed(fd, path, range);
  } finally {
    closeFile(fd);
  }
}

/**
 * Drops the pages of a file that are on disk already. Dirty, locked or mapped pages stay, and so may the edges of a range
 * where the file system keeps pages in large folios. It does not wait for the disk, and is for callers that have just synced
 * the file and go on writing to it. posix_fadvise(2), POSIX_FADV_DONTNEED.
 *
 * @param range the part of the file; default the whole file.
 * @throws {LibcError} with errno's name, `ENOENT` when the file is gone.
 */
export async function dropCleanPages(path: string, range: MapRange = {}): Promise<void> {
  const fd = openFile(path, "read");
  try {
    await adviseDontNeed(fd, path, range);
  } finally {
    closeFile(fd);
  }
}

async function adviseDontNeed(
  fd: number,
  path: string,
  { offsetBytes = 0, lengthBytes = 0 }: MapRange,
): Promise<void> {
  const error = await libc().posix_fadvise_nonblocking(
    fd,
    BigInt(offsetBytes),
    // 0 means up to the end of the file.
    BigInt(lengthBytes),
    POSIX_FADV_DONTNEED,
  );
  if (error !== 0) throw new LibcError({ code: errnoName(error), call: "posix_fadvise", path });
}
