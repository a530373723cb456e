/** Reserves a file's disk space before it is written, so that a full disk shows at the start. */

import { statSync, truncateSync } from "node:fs";
import { errnoName } from "./errno.ts";
import { libc } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import { closeFile, openFile } from "./open_file.ts";

/**
 * Creates a file, if it does not exist, and reserves its space on disk. Its content stays, and it never
 * gets shorter. posix_fallocate(3).
 *
 * @param sizeBytes the size of the file afterwards, unless it was larger; 0 only creates the file.
 * @throws {LibcError} `ENOSPC` or `EDQUOT` when the disk or the quota is full, `EFBIG`, …: the file has
 *   its former size again then. ext4 keeps what it has reserved until it failed, which is all that there was.
 */
export async function allocateFile(path: string, sizeBytes: number): Promise<void> {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new RangeError(`posix_fallocate ${path}: expected a size in bytes, got ${sizeBytes}`);
  }
  const fd = openFile(path, "create");
  try {
    if (sizeBytes === 0) return;
    // It returns the error instead of setting errno, so it may run on another thread.
    const formerBytes = statSync(path).size;
    const error = await libc().posix_fallocate_nonblocking(fd, 0n, BigInt(sizeBytes));
    if (error === 0) return;
    // Blocks behind the end of a file are given back with it.
    truncateSync(path, formerBytes);
    const code = errnoName(error);
    const hint = code === "ENOSPC"
      ? `the disk has no ${sizeBytes} bytes left: free some, or remove old releases`
      : undefined;
    throw new LibcError({ code, call: "posix_fallocate", path, hint });
  } finally {
    closeFile(fd);
  }
}
