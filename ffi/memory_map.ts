/**
 * A file mapped into memory, read-only and shared, so that its pages are those of the page cache, which
 * all processes share. No bytes are read through the map, so that a file which is cut short kills nobody (SIGBUS); it exists so
 * that its pages can be read in and locked by the kernel, and their residency be asked for.
 */

import { lastError } from "./errno.ts";
import { libc, roundUpToPages } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import { closeFile, openFile } from "./open_file.ts";

const MADV_WILLNEED = 3;
const MADV_HUGEPAGE = 14;
const MADV_POPULATE_READ = 22;

/** What a huge page has on x86-64, and on arm64 with pages of 4 KiB; a smaller file has none. */
const HUGE_PAGE_BYTES = 2 * 1024 * 1024;

const PROT_READ = 1;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A range of a map, in bytes. */
export interface MapRange {
  /** The start; a multiple of the page size. Default 0. */
  offsetBytes?: number;
  /** The length. Default: up to the end of the map. */
  lengthBytes?: number;
}

/** A mapped file. It is unmapped, and thereby unlocked, by `close()` or at the end of its `using` block. */
export class MemoryMap implements Disposable {
  /** The file. */
  readonly path: string;
  /** The size of the file when it was mapped. */
  readonly sizeBytes: number;
  #address: bigint | undefined;

  private constructor(path: string, options: { address: bigint; sizeBytes: number }) {
    this.path = path;
    this.sizeBytes = options.sizeBytes;
    this.#address = options.address;
  }

  /**
   * Maps a file, or a range of it. mmap(2).
   *
   * @param sizeBytes the file's size, which the caller has from stat, or that of the range; not 0, since an empty range
   *   cannot be mapped. Pages beyond the end of the file would fail to lock with ENOMEM.
   * @param range where the range begins: a multiple of the page size. Default 0.
   * @throws {LibcError} `ENOENT`, `EACCES`, …; `ENOMEM` when the process has `vm.max_map_count` maps.
   */
  static ofFile(
    path: string,
    sizeBytes: number,
    { offsetBytes = 0 }: Pick<MapRange, "offsetBytes"> = {},
  ): MemoryMap {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new RangeError(`mmap ${path}: expected a size of at least 1 byte, got ${sizeBytes}`);
    }
    const fd = openFile(path, "read");
    try {
      const address = libc().mmap(
        0n,
        BigInt(sizeBytes),
        PROT_READ,
        MAP_SHARED,
        fd,
        BigInt(offsetBytes),
      );
      if (address === MAP_FAILED) throw lastError("mmap", path);
      return new MemoryMap(path, { address, sizeBytes });
    } finally {
      // The map stays valid without the descriptor.
      closeFile(fd);
    }
  }

  /** What the map occupies of the address space and counts for against the lock limit, in whole pages. */
  get mappedBytes(): number {
    return roundUpToPages(this.sizeBytes);
  }

  /** The absolute addresses of a range. @throws {LibcError} when the map is closed; {RangeError} for a range outside of it. */
  resolve(range: MapRange = {}): { address: bigint; lengthBytes: bigint } {
    if (this.#address === undefined) {
      throw new LibcError({ code: "EBADF", call: "mmap", path: this.path, hint: "it is closed" });
    }
    const offset = range.offsetBytes ?? 0;
    const length = Math.min(range.lengthBytes ?? this.sizeBytes, this.sizeBytes - offset);
    if (offset < 0 || length <= 0) {
      throw new RangeError(
        `mmap ${this.path}: expected a range within ${this.sizeBytes} bytes, got ${length} at ${offset}`,
      );
    }
    return { address: this.#address + BigInt(offset), lengthBytes: BigInt(length) };
  }

  /**
   * Has the kernel read the file in huge pages, where the file system gives them (ext4, XFS and Btrfs of today): one entry of a
   * page table for 512 pages. Only advice, which a kernel without huge pages refuses. madvise(2), MADV_HUGEPAGE.
   */
  preferHugePages(): void {
    if (this.sizeBytes < HUGE_PAGE_BYTES) return;
    const { address, lengthBytes } = this.resolve();
    libc().madvise(address, lengthBytes, MADV_HUGEPAGE);
  }

  /** Has the kernel begin to read what is not in memory, without waiting for it. Only advice. madvise(2), MADV_WILLNEED. */
  prefetch(): void {
    const { address, lengthBytes } = this.resolve();
    libc().madvise(address, lengthBytes, MADV_WILLNEED);
  }

  /**
   * Reads what is not in memory, on another thread. The pages may be evicted again; memory_lock.ts locks them.
   * madvise(2), MADV_POPULATE_READ.
   *
   * @throws {LibcError} `EFAULT` (the file was cut short, or the disk cannot read it), `EINVAL` (Linux before 5.14), `ENOMEM`.
   */
  async populate(range?: MapRange): Promise<void> {
    const { address, lengthBytes } = this.resolve(range);
    const { madvise, madvise_nonblocking } = libc();
    if (await madvise_nonblocking(address, lengthBytes, MADV_POPULATE_READ) === 0) return;
    // The other thread's errno is lost: the same call is made again on this thread.
    const again = this.resolve(range);
    if (madvise(again.address, again.lengthBytes, MADV_POPULATE_READ) !== 0) {
      throw lastError("madvise", this.path);
    }
  }

  /** Unmaps; a second call does nothing. munmap(2). */
  close(): void {
    if (this.#address === undefined) return;
    const address = this.#address;
    this.#address = undefined;
    libc().munmap(address, BigInt(this.sizeBytes));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
