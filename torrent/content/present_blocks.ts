/**
 * Parts of pieces that are on disk already and probably right, though not all of the piece is: an engine that can reads
 * them instead of asking for them, and lets the piece's hash decide. Kept in a file beside the resume journal, so that it
 * outlives the process; nothing rests on it.
 */

import * as fs from "node:fs";
import { z } from "zod";
import type { PieceSet } from "./piece_set.ts";
import { pieceSizeBytes, type Release } from "../release/release.ts";

/** What peers ask each other for (BEP 3); parts of one are of no use. */
const BLOCK_BYTES = 16 * 1024;

/** A release of which every other chunk has changed may have more; what is left out is asked for. */
const MAX_RANGES = 500_000;
/** Two numbers for each of those, of at most 14 digits each. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Bytes of the content. */
export interface ContentRange {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

const fileSchema = z.object({
  format: z.literal("rollcall present blocks"),
  infoHash: z.string(),
  /** Start and size of each range, in order. */
  ranges: z.array(z.int().nonnegative()),
});

/** See the file's head. */
export class PresentBlocks {
  readonly #release: Release;
  /** In order, without overlaps. */
  readonly #ranges: readonly ContentRange[];
  readonly #forgotten = new Set<number>();

  /** @param ranges in order, without overlaps; they need not follow the borders of anything. */
  constructor(release: Release, ranges: readonly ContentRange[]) {
    this.#release = release;
    this.#ranges = ranges;
  }

  /**
   * The whole blocks of a piece that are there, as runs within the piece. None for a piece of which every block is there:
   * its hash has been looked at, and it was wrong.
   */
  runsOf(index: number): { begin: number; sizeBytes: number }[] {
    if (this.#forgotten.has(index)) return [];
    const pieceStart = index * this.#release.pieceLengthBytes;
    const pieceBytes = pieceSizeBytes(this.#release, index);
    const runs: { begin: number; sizeBytes: number }[] = [];
    let coveredBytes = 0;
    for (let at = this.#firstEndingAfter(pieceStart); at < this.#ranges.length; at++) {
      const { startBytes, sizeBytes } = this.#ranges[at]!;
      if (startBytes >= pieceStart + pieceBytes) break;
      const first = Math.max(0, startBytes - pieceStart);
      const last = Math.min(pieceBytes, startBytes + sizeBytes - pieceStart);
      const begin = Math.ceil(first / BLOCK_BYTES) * BLOCK_BYTES;
      // The content's last block may be a short one.
      const end = last === pieceBytes ? last : Math.floor(last / BLOCK_BYTES) * BLOCK_BYTES;
      if (end <= begin) continue;
      runs.push({ begin, sizeBytes: end - begin });
      coveredBytes += end - begin;
    }
    return coveredBytes === pieceBytes ? [] : runs;
  }

  /** The piece did not match its hash with these blocks in it: all of it is to be fetched. */
  forget(index: number): void {
    this.#forgotten.add(index);
  }

  /** Writes the file, atomically, leaving out what lies in verified pieces only. */
  write(path: string, verified: PieceSet): void {
    const ranges = this.#ranges.filter(({ startBytes, sizeBytes }) => {
      const first = Math.floor(startBytes / this.#release.pieceLengthBytes);
      const last = Math.floor((startBytes + sizeBytes - 1) / this.#release.pieceLengthBytes);
      // Between the first and the last piece all are covered in full, and so were looked at.
      return !verified.has(first) || !verified.has(last);
    }).slice(0, MAX_RANGES);
    const file: z.infer<typeof fileSchema> = {
      format: "rollcall present blocks",
      infoHash: this.#release.infoHash,
      ranges: ranges.flatMap(({ startBytes, sizeBytes }) => [startBytes, sizeBytes]),
    };
    fs.writeFileSync(`${path}.new`, JSON.stringify(file));
    fs.renameSync(`${path}.new`, path);
  }

  /** Reads the file; without one of this release that can be understood, no block is there. */
  static read(path: string, release: Release): PresentBlocks {
    return new PresentBlocks(release, readRanges(path, release));
  }

  /** Binary search: which range is the first to end behind that place. */
  #firstEndingAfter(placeBytes: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { startBytes, sizeBytes } = this.#ranges[middle]!;
      if (startBytes + sizeBytes > placeBytes) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Where the file stands that belongs to a resume journal. */
export function presentBlocksPath(journalPath: string): string {
  return `${journalPath}.present`;
}

function readRanges(path: string, release: Release): ContentRange[] {
  let text: string;
  try {
    if (fs.statSync(path).size > MAX_FILE_BYTES) return [];
    text = fs.readFileSync(path, "utf8");
  } catch {
    // Missing or unreadable comes to the same: everything is asked for.
    return [];
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.infoHash !== release.infoHash) return [];
  const ranges: ContentRange[] = [];
  let endBytes = 0;
  for (let at = 0; at + 1 < parsed.data.ranges.length; at += 2) {
    const [startBytes, sizeBytes] = [parsed.data.ranges[at]!, parsed.data.ranges[at + 1]!];
    if (startBytes < endBytes || startBytes + sizeBytes > release.sizeBytes) return [];
    endBytes = startBytes + sizeBytes;
    ranges.push({ startBytes, sizeBytes });
  }
  return ranges;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
