/**
 * Leaves the page cache of files as it was while they are read from the start to the end: the pages of a service that runs from
 * them stay in memory, and the pages that only the reading brought in are dropped. For reads here and there see
 * `read_behind.ts`.
 */

import { dropFromPageCache, residentParts } from "../../ffi/mod.ts";

/** How finely it is known what was resident; each such part of a file costs one byte of memory. */
const PART_BYTES = 1024 * 1024;

/** What is read between two drops of the pages that were read. */
const TIDY_BYTES = 32 * 1024 * 1024;

/** Smaller files are left to the kernel: to look at them would cost about as much as to read them. */
const MIN_FILE_BYTES = 128 * 1024;

/** Files of which that is remembered: at most a megabyte for small files, and a byte per MiB for large ones. */
const MAX_FILES = 1_000;

/** Which parts of files were in the page cache before they were read. */
export class ResidentPages {
  readonly #resident = new Map<string, Uint8Array>();

  /** To be called before a file is read for the first time; later calls change nothing. */
  note(path: string, sizeBytes: number): void {
    if (sizeBytes < MIN_FILE_BYTES || this.#resident.has(path)) return;
    if (this.#resident.size >= MAX_FILES) {
      for (const oldest of this.#resident.keys()) {
        this.#resident.delete(oldest);
        break;
      }
    }
    try {
      this.#resident.set(path, residentParts(path, { sizeBytes, partBytes: PART_BYTES }));
    } catch {
      // Nothing is dropped then; reading the file will show what is wrong with it.
    }
  }

  /** To be called after a range has been read: drops those parts of it of which nothing was resident. */
  async drop(path: string, range: { fromBytes: number; sizeBytes: number }): Promise<void> {
    const resident = this.#resident.get(path);
    if (resident === undefined) return;
    const end = Math.ceil((range.fromBytes + range.sizeBytes) / PART_BYTES);
    let part = Math.floor(range.fromBytes / PART_BYTES);
    while (part < end) {
      let runEnd = part;
      while (runEnd < end && resident[runEnd] === 0) runEnd++;
      if (runEnd > part) {
        try {
          await dropFromPageCache(path, {
            offsetBytes: part * PART_BYTES,
            lengthBytes: (runEnd - part) * PART_BYTES,
          });
        } catch {
          // It is only advice, and a file that is gone has no pages either.
        }
      }
      part = runEnd + 1;
    }
  }

  /** Begins to read a file from its start to its end: what is told to the trail is dropped as it goes on. */
  trail(path: string): ReadTrail {
    return new ReadTrail(this, path);
  }

  /** To be called after a file has been written here: brings it onto the disk, and drops all of it. */
  async dropWritten(path: string, sizeBytes: number): Promise<void> {
    if (sizeBytes < MIN_FILE_BYTES) return;
    try {
      await dropFromPageCache(path);
    } catch {
      // It is only advice; a disk that fails shows so when the file is read.
    }
  }
}

/** How far a file has been read, and how far its pages have been dropped behind that. */
export class ReadTrail {
  readonly #pages: ResidentPages;
  readonly #path: string;
  #readBytes = 0;
  #tidiedBytes = 0;

  constructor(pages: ResidentPages, path: string) {
    this.#pages = pages;
    this.#path = path;
  }

  /** So much more has been read. */
  async advance(sizeBytes: number): Promise<void> {
    this.#readBytes += sizeBytes;
    if (this.#readBytes - this.#tidiedBytes >= TIDY_BYTES) await this.end();
  }

  /** Drops what has been read up to here; to be called at the end of the file. */
  async end(): Promise<void> {
    const fromBytes = this.#tidiedBytes;
    this.#tidiedBytes = this.#readBytes;
    await this.#pages.drop(this.#path, { fromBytes, sizeBytes: this.#readBytes - fromBytes });
  }
}
