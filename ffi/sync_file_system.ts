/** Writes everything that was written to one file system to disk, in one call. */

import { lastError } from "./errno.ts";
import { libc } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import { closeFile, openFile } from "./open_file.ts";

/**
 * Writes all dirty files and folders of the file system of `path` to disk, on another thread. For
 * thousands of small files this is one wait instead of thousands; it also waits for what others have
 * written there. syncfs(2); errors are reported since Linux 5.8.
 *
 * @param path a file or folder on that file system.
 * @throws {LibcError} `EIO`, `ENOSPC`, `EDQUOT` when something could not be written.
 */
export async function syncFileSystem(path: string): Promise<void> {
  const fd = openFile(path, "read");
  try {
    if (await libc().syncfs_nonblocking(fd) === 0) return;
    // The other thread's errno is lost, and the kernel reports an error only once for each descriptor, so that calling
    // again may succeed. All that is known then is that data may be missing.
    if (libc().syncfs(fd) !== 0) throw lastError("syncfs", path);
    throw new LibcError({ code: "EIO", call: "syncfs", path });
  } finally {
    closeFile(fd);
  }
}
