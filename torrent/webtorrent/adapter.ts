/** A release in the form in which WebTorrent wants it: as its parser would describe a .torrent. */

import { Buffer } from "node:buffer";
import { pieceSizeBytes, type Release } from "../release/mod.ts";
import type { ParsedTorrent } from "./types.ts";

/**
 * The release as a torrent of one file. The store knows which bytes belong to which file, and the library need not scan all
 * files at every piece.
 */
export function describeTorrent(release: Release): ParsedTorrent {
  const hashes = Buffer.from(release.pieceHashes).toString("hex");
  const name = `${release.service}-${release.version}`;
  return {
    infoHash: release.infoHash,
    // Not used; with 100,000 files it would be decoded and kept for every connection.
    info: {},
    name,
    private: true,
    announce: [],
    urlList: [],
    files: [{ path: name, name, length: release.sizeBytes, offset: 0 }],
    length: release.sizeBytes,
    pieceLength: release.pieceLengthBytes,
    lastPieceLength: pieceSizeBytes(release, release.pieceCount - 1),
    pieces: Array.from(
      { length: release.pieceCount },
      (_, index) => hashes.slice(index * 40, index * 40 + 40),
    ),
  };
}
