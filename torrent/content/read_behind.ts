/**
 * Drops from the page cache what was read for peers: seeding must not push out what the running service reads. What was in
 * memory before stays, since somebody uses it, and what was read last stays for a while, since other peers ask for it next.
 */

import { dropCleanPages, isAnyResident, MemoryMap } from "../../ffi/mod.ts";
import type { Release } from "../release/mod.ts";
import type { DropPages } from "./write_behind.ts";

/**
 * What is looked at and dropped at once: as large as the largest folio of the page cache, since the kernel drops none of which
 * a part is to stay (Linux 6.18: 2 MiB where pages have 4 KiB).
 */
const PART_BYTES = 2 * 1024 * 1024;

/** Behind what is read the kernel reads ahead: usually 128 KiB, on some disks 8 MiB; it counts as read here as well. */
const AHEAD_PARTS = 8;

/** This much of what was read last stays in the page cache. */
const WARM_BYTES = 256 * 1024 * 1024;

/** Files that are mapped at a time to ask what is in memory of them; as many as a store keeps open. */
const MAX_MAPS = 64;

/** What a read-behind needs. */
export interface ReadBehindOptions {
  readonly release: Release;
  /** Where a file of the release lies now. */
  readonly pathOf: (fileIndex: number) => string;
  /** Default: posix_fadvise(2). */
  readonly dropPages?: DropPages | undefined;
  /** Default {@linkcode WARM_BYTES}. */
  readonly warmBytes?: number | undefined;
}

/** A part of a file that was read here. */
interface ReadPart {
  readonly fileIndex: number;
  readonly part: number;
  /** Whether nothing of it was in memory before. */
  readonly isOwn: boolean;
  /** Of which of the {@linkcode AHEAD_PARTS} parts behind it nothing was in memory before, in order. */
  readonly absentAhead: readonly boolean[];
}

/** Drops what is read of one release's files and was not in memory before. It has to be closed. */
export class ReadBehind {
  readonly #options: ReadBehindOptions;
  readonly #dropPages: DropPages;
  readonly #maxParts: number;
  /** By file and part, the least recently read first. */
  readonly #parts = new Map<string, ReadPart>();
  /** By file, the least recently mapped first; `null`: it cannot be mapped. */
  readonly #maps = new Map<number, MemoryMap | null>();
  /** Parts that are to be dropped; bounded by what is read while others are. */
  #old: Pick<ReadPart, "fileIndex" | "part">[] = [];
  #dropping: Promise<void> | undefined;

  constructor(options: ReadBehindOptions) {
    this.#options = options;
    this.#dropPages = options.dropPages ?? dropCleanPages;
    this.#maxParts = Math.ceil((options.warmBytes ?? WARM_BYTES) / PART_BYTES);
  }

  /** To be called before a range of a file is read. */
  beforeRead(fileIndex: number, startBytes: number, sizeBytes: number): void {
    const last = Math.floor((startBytes + sizeBytes - 1) / PART_BYTES);
    for (let part = Math.floor(startBytes / PART_BYTES); part <= last; part++) {
      if (this.#touch(fileIndex, part)) continue;
      try {
        this.#note(fileIndex, part);
      } catch {
        // Nothing is dropped then; reading the file will show what is wrong with it.
      }
    }
    if (this.#parts.size > this.#maxParts) this.#dropOldest();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#dropping;
  }

  /** Lets go of the files. */
  close(): void {
    for (const map of this.#maps.values()) map?.close();
    this.#maps.clear();
  }

  /** Whether the part was read here before; it is the newest then. */
  #touch(fileIndex: number, part: number): boolean {
    const key = keyOf(fileIndex, part);
    const known = this.#parts.get(key);
    if (known === undefined) return false;
    this.#parts.delete(key);
    this.#parts.set(key, known);
    return true;
  }

  /** Notes what was in memory of a part that is about to be read for the first time, and of those behind it. */
  #note(fileIndex: number, part: number): void {
    const fileBytes = this.#options.release.files[fileIndex]?.sizeBytes ?? 0;
    const map = this.#map(fileIndex, fileBytes);
    if (map === null) return;
    const isAbsent = (at: number) => {
      const lengthBytes = Math.min(PART_BYTES, fileBytes - at * PART_BYTES);
      return lengthBytes > 0 && !isAnyResident(map, { offsetBytes: at * PART_BYTES, lengthBytes });
    };
    // What was found before a part closely before it was read is older than what reading that has brought in.
    const [isOwn = isAbsent(part), ...known] = this.#knownOf(fileIndex, part);
    const absentAhead = Array.from(
      { length: AHEAD_PARTS },
      (_, at) => known[at] ?? isAbsent(part + at + 1),
    );
    this.#parts.set(keyOf(fileIndex, part), { fileIndex, part, isOwn, absentAhead });
  }

  /** Whether that part and those behind it were in memory, as far as it was found out when one before it was read. */
  #knownOf(fileIndex: number, part: number): readonly boolean[] {
    for (let back = 1; back <= AHEAD_PARTS; back++) {
      const before = this.#parts.get(keyOf(fileIndex, part - back));
      if (before !== undefined) return before.absentAhead.slice(back - 1);
    }
    return [];
  }

  #map(fileIndex: number, sizeBytes: number): MemoryMap | null {
    const known = this.#maps.get(fileIndex);
    if (known !== undefined) return known;
    if (this.#maps.size >= MAX_MAPS) {
      for (const [oldest, map] of this.#maps) {
        map?.close();
        this.#maps.delete(oldest);
        break;
      }
    }
    let map: MemoryMap | null = null;
    try {
      map = MemoryMap.ofFile(this.#options.pathOf(fileIndex), sizeBytes);
    } catch {
      // Without the right to call libc, or without the file.
    }
    this.#maps.set(fileIndex, map);
    return map;
  }

  #dropOldest(): void {
    for (const [key, { fileIndex, part, isOwn, absentAhead }] of this.#parts) {
      if (this.#parts.size <= this.#maxParts) break;
      this.#parts.delete(key);
      if (isOwn) this.#old.push({ fileIndex, part });
      for (const [at, wasAbsent] of absentAhead.entries()) {
        // From there on it is that one's.
        if (this.#parts.has(keyOf(fileIndex, part + at + 1))) break;
        if (wasAbsent) this.#old.push({ fileIndex, part: part + at + 1 });
      }
    }
    this.#dropping ??= this.#dropOld().finally(() => this.#dropping = undefined);
  }

  async #dropOld(): Promise<void> {
    while (this.#old.length > 0) {
      const old = this.#old;
      this.#old = [];
      for (const { fileIndex, part } of old) {
        try {
          await this.#dropPages(this.#options.pathOf(fileIndex), {
            offsetBytes: part * PART_BYTES,
            lengthBytes: PART_BYTES,
          });
        } catch {
          // It is only advice, and a file that is gone has no pages either.
        }
      }
    }
  }
}

function keyOf(fileIndex: number, part: number): string {
  return `${fileIndex} ${part}`;
}
