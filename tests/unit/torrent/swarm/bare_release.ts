/** A release for tests of what looks at sizes alone: no files, no hashes. */

import type { Release } from "../../../../torrent/release/release.ts";

/** One of so many bytes in pieces of that length. */
export function bareRelease(sizeBytes: number, pieceLengthBytes: number): Release {
  return {
    service: "web",
    version: "1",
    infoHash: "ab".repeat(20),
    sizeBytes,
    files: [],
    pieceLengthBytes,
    pieceCount: Math.ceil(sizeBytes / pieceLengthBytes),
    pieceHashes: new Uint8Array(),
    announce: [],
    metainfo: new Uint8Array(),
  };
}
