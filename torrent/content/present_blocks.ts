/**
 * Blocks that are on disk already and probably right, of pieces that are not complete. An engine may read them from the
 * disk instead of requesting them from peers, and the piece's hash decides. They are listed in a file beside the resume
 * journal, so that they outlive the process; a wrong list costs network and nothing else.
 */

import * as fs from "node:fs";
import { z } from "zod";
import type { PieceSet } from "./piece_set.ts";
import { pieceSizeBytes, type Release } from "../release/mod.ts";

/** The unit that peers request from each other (BEP 3); parts of a block are of no use. */
const BLOCK_BYTES = 16 * 1024;

/** Ranges in the file. A release in which every other chunk has changed may have more; the rest is requested from peers. */
const MAX_RANGES = 500_000;
/** The largest file: two numbers of at most 14 digits for each range. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A range of bytes of the content. */
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

/** The blocks that are on disk of pieces that are not complete. */
export class PresentBlocks {
  readonly #release: Release;
  /** In order, without overlaps. */
  readonly #ranges: readonly ContentRange[];
  readonly #forgotten = new Set<number>();

  /** @param ranges in order, without overlaps; they need not begin or end at blocks or pieces. */
  constructor(release: Release, ranges: readonly ContentRange[]) {
    this.#release = release;
    this.#ranges = ranges;
  }

  /**
   * The whole blocks of a piece that are on disk, as runs within the piece. None for a piece of which every block is on
   * disk, since its hash has been checked and was wrong.
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
      // The content's last block may be shorter.
      const end = last === pieceBytes ? last : Math.floor(last / BLOCK_BYTES) * BLOCK_BYTES;
      if (end <= begin) continue;
      runs.push({ begin, sizeBytes: end - begin });
      coveredBytes += end - begin;
    }
    return coveredBytes === pieceBytes ? [] : runs;
  }

  /** To be called if a piece with these blocks did not match its hash: all of it has to be fetched. */
  forget(index: number): void {
    this.#forgotten.add(index);
  }

  /** Writes the file atomically, without ranges that lie in verified pieces only. */
  write(path: string, verified: PieceSet): void {
    const ranges = this.#ranges.filter(({ startBytes, sizeBytes }) => {
      const first = Math.floor(startBytes / this.#release.pieceLengthBytes);
      const last = Math.floor((startBytes + sizeBytes - 1) / this.#release.pieceLengthBytes);
      // The pieces between the first and the last are covered in full, and so have been checked.
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

  /** Reads the file. Without a readable one of this release no block counts as present. */
  static read(path: string, release: Release): PresentBlocks {
    return new PresentBlocks(release, readRanges(path, release));
  }

  /** The index of the first range that ends behind that place (binary search). */
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

/** The path of the file that belongs to a resume journal. */
export function presentBlocksPath(journalPath: string): string {
  return `${journalPath}.present`;
}

function readRanges(path: string, release: Release): ContentRange[] {
  let text: string;
  try {
    if (fs.statSync(path).size > MAX_FILE_BYTES) return [];
    text = fs.readFileSync(path, "utf8");
  } catch {
    // Missing or unreadable comes to the same: everything is requested from peers.
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
