/**
 * Leaves the page cache as it was while files are read: whoever runs from them has their pages in memory, and those stay;
 * what only this reading brought in goes again.
 */

import { dropFromPageCache, residentParts } from "../../ffi/mod.ts";

/** How finely it is known what was there: one byte of memory for each such part of a file. */
const PART_BYTES = 1024 * 1024;

/** Files of which that is remembered: a megabyte at most for small ones, and a byte per MiB for large ones. */
const MAX_FILES = 1_000;

/** What was in the page cache of the files that are read. */
export class PageNotes {
  readonly #resident = new Map<string, Uint8Array>();

  /** Before the first reading of a file; later calls change nothing. */
  note(path: string, sizeBytes: number): void {
    if (this.#resident.has(path)) return;
    if (this.#resident.size >= MAX_FILES) {
      for (const oldest of this.#resident.keys()) {
        this.#resident.delete(oldest);
        break;
      }
    }
    try {
      this.#resident.set(path, residentParts(path, { sizeBytes, partBytes: PART_BYTES }));
    } catch {
      // Nothing is dropped then; the reading itself finds out what is wrong with the file.
    }
  }

  /** After a range has been read: drops the parts of it of which nothing was there. */
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
          // Only advice: a file that is gone has no pages either.
        }
      }
      part = runEnd + 1;
    }
  }
}
