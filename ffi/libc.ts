/**
 * The symbols of glibc that the project calls, and nothing more: no errors, no memory management. The
 * other files of this folder wrap each call so that it is safe to use.
 */

import { LibcError } from "./libc_error.ts";

const LIBRARY = "libc.so.6";

/**
 * Calls that may block for long (page-ins, fsync) are bound a second time as `nonblocking`. Their errno
 * belongs to another thread and is lost, so they are used only where the result itself is the error
 * (posix_*) or where the caller finds the cause in another way.
 */
const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  mlock: { parameters: ["usize", "usize"], result: "i32" },
  mlock_nonblocking: {
    name: "mlock",
    parameters: ["usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
  munlock: { parameters: ["usize", "usize"], result: "i32" },
  mincore: { parameters: ["usize", "usize", "buffer"], result: "i32" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  madvise_nonblocking: {
    name: "madvise",
    parameters: ["usize", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // Variadic in C; bound as cachestat(2), for which glibc has no function, calls it. Integers and pointers are passed like any
  // other on x86-64 and on arm64.
  syscall: { parameters: ["i64", "i32", "buffer", "buffer", "u32"], result: "i64" },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
  fnmatch: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  fdatasync_nonblocking: {
    name: "fdatasync",
    parameters: ["i32"],
    result: "i32",
    nonblocking: true,
  },
  fdatasync: { parameters: ["i32"], result: "i32" },
  syncfs_nonblocking: { name: "syncfs", parameters: ["i32"], result: "i32", nonblocking: true },
  syncfs: { parameters: ["i32"], result: "i32" },
  posix_fadvise_nonblocking: {
    name: "posix_fadvise",
    parameters: ["i32", "i64", "i64", "i32"],
    result: "i32",
    nonblocking: true,
  },
  posix_fallocate_nonblocking: {
    name: "posix_fallocate",
    parameters: ["i32", "i64", "i64"],
    result: "i32",
    nonblocking: true,
  },
  copy_file_range_nonblocking: {
    name: "copy_file_range",
    parameters: ["i32", "buffer", "i32", "buffer", "usize", "u32"],
    result: "isize",
    nonblocking: true,
  },
  copy_file_range: {
    parameters: ["i32", "buffer", "i32", "buffer", "usize", "u32"],
    result: "isize",
  },
  // Variadic in C; one integer is passed like any other on x86-64 and on arm64.
  ioctl: { parameters: ["i32", "u64", "usize"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "i64" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions that {@linkcode libc} returns, by name. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | undefined;

/**
 * The functions of `libc.so.6`. The library is opened once per process (or worker) and stays open: if it
 * were closed during a nonblocking call, it would be unmapped beneath that call.
 *
 * @throws {LibcError} `LIBC_UNAVAILABLE` on a system without glibc or without `--allow-ffi`.
 */
export function libc(): Libc {
  opened ??= openLibrary();
  return opened;
}

function openLibrary(): Libc {
  try {
    return Deno.dlopen(LIBRARY, SYMBOLS).symbols;
  } catch (cause) {
    throw new LibcError({
      code: "LIBC_UNAVAILABLE",
      call: "dlopen",
      path: LIBRARY,
      hint: "Rollcall locks memory through glibc: run it on Linux with glibc, with --allow-ffi",
      cause,
    });
  }
}

// Opened while modules load, if the permission is granted: a library that is opened during a test is
// reported as a leaked resource by the test runner.
if (Deno.build.os === "linux" && isFfiGranted()) {
  try {
    libc();
  } catch {
    // The first caller gets the error; most commands never call libc.
  }
}

/** Whether libraries may be opened without asking the user for permission. */
export function isFfiGranted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** A path as the NUL-terminated bytes that open(2) takes. */
export function pathBytes(path: string): Uint8Array<ArrayBuffer> {
  if (path.includes("\0")) {
    throw new TypeError(`open: expected a path without NUL bytes, got ${JSON.stringify(path)}`);
  }
  return new TextEncoder().encode(path + "\0");
}

const SC_PAGESIZE = 30;
let pageSize: number | undefined;

/** Bytes per page of memory: 4096 on x86-64, 4096 to 65536 on arm64. */
export function pageSizeBytes(): number {
  pageSize ??= Number(libc().sysconf(SC_PAGESIZE));
  return pageSize;
}

/** A size rounded up to whole pages, which is what a map occupies and what a lock counts for. */
export function roundUpToPages(sizeBytes: number): number {
  const page = pageSizeBytes();
  return Math.ceil(sizeBytes / page) * page;
}
