/** Which bytes of which files a range of a release's content is made of. Pure; no file is touched here. */

import type { Release } from "../release/mod.ts";

/** A part of one file. */
export interface Segment {
  /** The file's index in the release. */
  readonly fileIndex: number;
  /** Where the part begins within the file. */
  readonly fileOffsetBytes: number;
  /** Where the part begins within the range that was asked for. */
  readonly rangeOffsetBytes: number;
  readonly sizeBytes: number;
}

/** The parts of files that make up a range of the content, in order; empty files have no part. */
export function segmentsOf(release: Release, offsetBytes: number, sizeBytes: number): Segment[] {
  const segments: Segment[] = [];
  const endBytes = offsetBytes + sizeBytes;
  let at = offsetBytes;
  for (let index = fileIndexAt(release, at); at < endBytes; index++) {
    const file = release.files[index];
    if (file === undefined) {
      throw new RangeError(
        `content range: expected at most ${release.sizeBytes}, there was ${endBytes}`,
      );
    }
    const fileOffsetBytes = at - file.offsetBytes;
    const partBytes = Math.min(file.sizeBytes - fileOffsetBytes, endBytes - at);
    if (partBytes <= 0) continue;
    segments.push({
      fileIndex: index,
      fileOffsetBytes,
      rangeOffsetBytes: at - offsetBytes,
      sizeBytes: partBytes,
    });
    at += partBytes;
  }
  return segments;
}

/** The last file that begins at or before the offset (binary search). */
function fileIndexAt(release: Release, offsetBytes: number): number {
  let low = 0;
  let high = release.files.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const file = release.files[middle];
    if (file !== undefined && file.offsetBytes <= offsetBytes) low = middle;
    else high = middle - 1;
  }
  return low;
}
