/** The two forms in which WebTorrent wants a release: as a parsed torrent, and as a store of pieces. */

import { Buffer } from "node:buffer";
import type { ContentStore } from "../content_store.ts";
import { pieceSizeBytes, type Release } from "../release.ts";
import type { ChunkStore, ParsedTorrent } from "./types.ts";

/**
 * The release as a torrent of one file: which bytes belong to which file is the store's business, and
 * the library's work per file (a scan of all of them at every piece) is spared.
 */
export function describeTorrent(release: Release): ParsedTorrent {
  const hashes = Buffer.from(release.pieceHashes).toString("hex");
  const name = `${release.service}-${release.version}`;
  return {
    infoHash: release.infoHash,
    // Not looked at; with 100,000 files it would be decoded and kept for every connection.
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

/** The content by pieces; the calls back happen before the calls return. */
export function chunkStore(release: Release, store: ContentStore): ChunkStore {
  return {
    chunkLength: release.pieceLengthBytes,
    put(index, bytes, callback) {
      callback(attempt(() => store.write(index * release.pieceLengthBytes, bytes)));
    },
    get(index, options, callback) {
      const start = options?.offset ?? 0;
      const bytes = new Uint8Array(options?.length ?? pieceSizeBytes(release, index) - start);
      const error = attempt(() => store.read(index * release.pieceLengthBytes + start, bytes));
      if (error === null) callback(null, bytes);
      else callback(error);
    },
    // The transfer closes the files itself, after its journal.
    close: (callback) => callback(null),
    destroy: (callback) => callback(null),
  };
}

function attempt(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
