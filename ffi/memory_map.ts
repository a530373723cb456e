/**
 * A file mapped into memory, read-only and shared, so that its pages are those of the page cache, which
 * all processes share. No bytes are read through the map; it exists so that its pages can be locked and
 * their residency be asked for.
 */

import { lastError } from "./errno.ts";
import { libc, roundUpToPages } from "./libc.ts";
import { LibcError } from "./libc_error.ts";
import { closeFile, openFile } from "./open_file.ts";

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
   * Maps a whole file. mmap(2).
   *
   * @param sizeBytes the file's size, which the caller has from stat; not 0, since an empty range
   *   cannot be mapped. Pages beyond the end of the file would fail to lock with ENOMEM.
   * @throws {LibcError} `ENOENT`, `EACCES`, …; `ENOMEM` when the process has `vm.max_map_count` maps.
   */
  static ofFile(path: string, sizeBytes: number): MemoryMap {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new RangeError(`mmap ${path}: expected a size of at least 1 byte, got ${sizeBytes}`);
    }
    const fd = openFile(path, "read");
    try {
      const address = libc().mmap(0n, BigInt(sizeBytes), PROT_READ, MAP_SHARED, fd, 0n);
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
