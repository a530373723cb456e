/**
 * Locks pages of a map in memory: mlock(2). resource_limits.ts tells how much may be locked;
 * `host/pinning/` decides what is.
 */

import { lastError } from "./errno.ts";
import { libc } from "./libc.ts";
import type { MapRange, MemoryMap } from "./memory_map.ts";

/**
 * Locks a range of a map on another thread; what is not in memory yet is read from disk. Large files
 * should be locked in ranges of some 256 MiB, to show progress and so that a failure is seen early.
 *
 * @throws {LibcError} `ENOMEM` (over RLIMIT_MEMLOCK, or the file shrank), `EPERM` (RLIMIT_MEMLOCK is
 *   0), `EAGAIN` (no free memory, or the disk failed).
 */
export async function lockMemory(map: MemoryMap, range?: MapRange): Promise<void> {
  const { address, lengthBytes } = map.resolve(range);
  if (await libc().mlock_nonblocking(address, lengthBytes) === 0) return;
  // The other thread's errno is lost, so the same call is made again on this thread: a refusal comes
  // at once (limits are checked before any page is read), and if the cause has gone meanwhile, the
  // pages are simply locked.
  lockMemoryNow(map, range);
}

/**
 * As {@linkcode lockMemory}, on this thread, which waits for the disk meanwhile: for small files, where the way to another
 * thread costs more than the lock.
 *
 * @throws {LibcError} as that does.
 */
export function lockMemoryNow(map: MemoryMap, range?: MapRange): void {
  const { address, lengthBytes } = map.resolve(range);
  if (libc().mlock(address, lengthBytes) !== 0) throw lastError("mlock", map.path);
}

/**
 * Unlocks a range of a map. Closing the map does the same for the whole. munlock(2).
 *
 * @throws {LibcError} `ENOMEM` when the range is not mapped.
 */
export function unlockMemory(map: MemoryMap, range?: MapRange): void {
  const { address, lengthBytes } = map.resolve(range);
  if (libc().munlock(address, lengthBytes) !== 0) throw lastError("munlock", map.path);
}
