/**
 * An exclusive lock on a file, which the kernel releases when the process ends, however it ends:
 * flock(2). The lock does not say who holds it; callers write that into the file.
 */

import { currentErrno, errnoName } from "./errno.ts";
import { libc } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import { closeFile, openFile } from "./open_file.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** A lock that is held until `release()` is called or its `using` block ends. */
export class FileLock implements Disposable {
  readonly path: string;
  #fd: number | undefined;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Takes the lock, and creates the file if needed. Returns null when another process, or another
   * FileLock of this one, holds it. Never waits.
   *
   * @throws {LibcError} from open(2), or `ENOLCK` on a file system that has no locks.
   */
  static tryAcquire(path: string): FileLock | null {
    const fd = openFile(path, "create");
    if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return new FileLock(path, fd);
    const code = errnoName(currentErrno());
    closeFile(fd);
    if (code === "EAGAIN") return null;
    throw new LibcError({ code, call: "flock", path });
  }

  /** Releases the lock; a second call does nothing. The file stays, because removing it would race with other processes. */
  release(): void {
    if (this.#fd === undefined) return;
    closeFile(this.#fd);
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
