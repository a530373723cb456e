/**
 * Copies bytes from file to file inside of the kernel, which shares the blocks instead where the file system can (reflink on
 * XFS and Btrfs); and finds out whether it can.
 */

import { unlinkSync, writeFileSync } from "node:fs";
import { lastError } from "./errno.ts";
import { libc } from "./libc.ts";
import { closeFile, openFile } from "./open_file.ts";

/** ioctl_ficlone(2). */
const FICLONE = 0x40049409n;

/** Two open files, from the first of which ranges are copied to the second. Disposing of it closes both. */
export class FilePair implements Disposable {
  readonly #from: number;
  readonly #to: number;

  /**
   * Opens both files; neither is created or changed.
   *
   * @throws {LibcError} with errno's name.
   */
  constructor(readonly fromPath: string, readonly toPath: string) {
    this.#from = openFile(fromPath, "read");
    try {
      this.#to = openFile(toPath, "write");
    } catch (error) {
      closeFile(this.#from);
      throw error;
    }
  }

  /**
   * Copies on another thread. copy_file_range(2): whole blocks at equal distances from a block's start are shared
   * (reflink) where the file system can, the rest is copied.
   *
   * @returns how many bytes were copied: fewer than asked for where the kernel stops early, 0 at the source's end.
   * @throws {LibcError} `ENOSPC`, `EDQUOT`, `EIO`; `EXDEV`, `EOPNOTSUPP`, `EINVAL` or `ENOSYS` where the kernel cannot copy
   *   between these files.
   */
  async copy(
    range: { readonly fromBytes: number; readonly toBytes: number; readonly sizeBytes: number },
  ): Promise<number> {
    const from = new BigInt64Array([BigInt(range.fromBytes)]);
    const to = new BigInt64Array([BigInt(range.toBytes)]);
    const sizeBytes = BigInt(range.sizeBytes);
    const { copy_file_range, copy_file_range_nonblocking } = libc();
    let copied = await copy_file_range_nonblocking(this.#from, from, this.#to, to, sizeBytes, 0);
    // The other thread's errno is lost. The same call is made again on this thread: it fails with the error, or succeeds.
    if (copied < 0n) copied = copy_file_range(this.#from, from, this.#to, to, sizeBytes, 0);
    if (copied < 0n) throw lastError("copy_file_range", this.toPath);
    return Number(copied);
  }

  [Symbol.dispose](): void {
    closeFile(this.#from);
    closeFile(this.#to);
  }
}

/**
 * Whether files of a folder can share their blocks (reflink), found out by trying it with two small files that are gone
 * afterwards. ioctl_ficlone(2).
 *
 * @param folder one that can be written to.
 * @throws {LibcError} or the system's error when it cannot be written to.
 */
export function canShareBlocks(folder: string): boolean {
  const paths = [`${folder}/.reflink-from`, `${folder}/.reflink-to`] as const;
  try {
    for (const path of paths) writeFileSync(path, "reflink");
    const from = openFile(paths[0], "read");
    const to = openFile(paths[1], "write");
    const result = libc().ioctl(to, FICLONE, BigInt(from));
    closeFile(from);
    closeFile(to);
    return result === 0;
  } finally {
    for (const path of paths) {
      try {
        unlinkSync(path);
      } catch {
        // The file does not exist, because creating it has failed; that error is thrown already.
      }
    }
  }
}
