/**
 * A file descriptor of our own for calls that need a raw number. Not for reading and writing:
 * node:fs does that.
 */

import { lastError } from "./errno.ts";
import { libc, pathBytes } from "./libc.ts";

const O_RDONLY = 0;
const O_RDWR = 0o2;
const O_CREAT = 0o100;
/** Without it a service that we start would inherit the descriptor, and a lock along with it. */
const O_CLOEXEC = 0o2000000;

/** How {@linkcode openFile} opens: `create` also makes a missing file, with mode 0644. */
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

/** Closes a descriptor. Its errors are of no use: Linux frees the number whatever close(2) says. */
export function closeFile(fd: number): void {
  libc().close(fd);
}
