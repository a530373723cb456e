/**
 * How much of a file the page cache has, without a map of it: cachestat(2). It asks for ranges of pages at once, where mincore(2)
 * of page_cache.ts needs a map and an answer for each page.
 */

import { currentErrno, errnoName } from "./errno.ts";
import { libc, pageSizeBytes } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import type { MapRange } from "./memory_map.ts";
import { closeFile, openFile } from "./open_file.ts";
import { fileResidency } from "./page_cache.ts";

/** The number of cachestat(2), the same on x86-64 and arm64; glibc has no function for it. */
const SYS_CACHESTAT = 451n;

/** Whether the kernel has the call (Linux 6.5), as far as that is known. */
let isThere = true;

/** What is asked, and what is answered: `struct cachestat_range` and `struct cachestat`. Reused, as calls do not overlap. */
const asked = new BigUint64Array(2);
const answer = new BigUint64Array(5);

/**
 * How many bytes of a file are in the page cache now, in whole pages up to the range's end. A page that is just being read
 * counts; only {@linkcode fileResidency} knows the difference, and is asked where the kernel does not have this call or
 * does not tell this user.
 *
 * @param sizeBytes the file's size, from stat, or that of the range.
 * @param range where the range begins: a multiple of the page size. Default 0.
 * @throws {LibcError} `ENOENT`, `EACCES` and the like when it cannot be opened.
 */
export function cachedBytes(
  path: string,
  sizeBytes: number,
  { offsetBytes = 0 }: Pick<MapRange, "offsetBytes"> = {},
): number {
  if (sizeBytes === 0) return 0;
  const pages = isThere ? askCache(path, { offsetBytes, sizeBytes }) : null;
  if (pages === null) return fileResidency(path, sizeBytes, { offsetBytes }).residentBytes;
  return Math.min(pages * pageSizeBytes(), sizeBytes);
}

/** How many pages; `null`: the kernel does not say. */
function askCache(
  path: string,
  { offsetBytes, sizeBytes }: { readonly offsetBytes: number; readonly sizeBytes: number },
): number | null {
  const fd = openFile(path, "read");
  try {
    asked[0] = BigInt(offsetBytes);
    asked[1] = BigInt(sizeBytes);
    if (libc().syscall(SYS_CACHESTAT, fd, asked, answer, 0) === 0n) return Number(answer[0]);
    const code = errnoName(currentErrno());
    // Who may not write a file is not told what others have read of it; hugetlbfs has no answer.
    if (code === "EPERM" || code === "EOPNOTSUPP") return null;
    if (code !== "ENOSYS") throw new LibcError({ code, call: "cachestat", path });
    isThere = false;
    return null;
  } finally {
    closeFile(fd);
  }
}
