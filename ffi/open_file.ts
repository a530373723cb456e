/**
 * Opens raw file descriptors for calls to libc that need one. node:fs is used for reading and writing.
 */

import { lastError } from "./errno.ts";
import { libc, pathBytes } from "./libc.ts";

const O_RDONLY = 0;
const O_RDWR = 0o2;
const O_CREAT = 0o100;
/** Without this flag a service that is started would inherit the descriptor, and its lock with it. */
const O_CLOEXEC = 0o2000000;

/** How {@linkcode openFile} opens: `create` opens for writing and creates a missing file with mode 0644. */
export type OpenMode = "read" | "write" | "create";

/**
 * Opens a file with close-on-exec set and returns its descriptor; the caller closes it with
 * {@linkcode closeFile}. open(2).
 *
 * @throws {LibcError} with errno's name.
 */
export function openFile(path: string, mode: OpenMode): number {
  const access = mode === "read" ? O_RDONLY : O_RDWR;
  const flags = access | O_CLOEXEC | (mode === "create" ? O_CREAT : 0);
  const fd = libc().open(pathBytes(path), flags, 0o644);
  if (fd < 0) throw lastError("open", path);
  return fd;
}

/** Closes a descriptor. Errors of close(2) are ignored, because Linux frees the number in any case. */
export function closeFile(fd: number): void {
  libc().close(fd);
}
