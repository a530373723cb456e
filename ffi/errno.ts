/**
 * Turns errno into an error with a readable name. Only for a call that was made synchronously just
 * before: a nonblocking call sets the errno of another thread.
 */

import { libc } from "./libc.ts";
import { LibcError } from "./libc_error.ts";

/** The names of the errors that the calls of this folder can return on Linux; see errno(3). */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  18: "EXDEV",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  25: "ENOTTY",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  29: "ESPIPE",
  30: "EROFS",
  36: "ENAMETOOLONG",
  37: "ENOLCK",
  38: "ENOSYS",
  40: "ELOOP",
  75: "EOVERFLOW",
  88: "ENOTSOCK",
  95: "EOPNOTSUPP",
  122: "EDQUOT",
};

/** errno's name, or `ERRNO_<number>` for one that no call here is documented to return. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[errno] ?? `ERRNO_${errno}`;
}

/**
 * errno of this thread. Call it in the statement right after the failed call: anything in between may
 * make a system call of its own and overwrite it.
 */
export function currentErrno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : new Deno.UnsafePointerView(location).getInt32();
}

/** Makes the error for the synchronous call that has just failed. See {@linkcode currentErrno}. */
export function lastError(call: string, path?: string): LibcError {
  const code = errnoName(currentErrno());
  return new LibcError({ code, call, path });
}
