/** A release as its .torrent describes it, once that has been read and found acceptable. */

/** One file of a release. */
export interface ReleaseFile {
  /** The path relative to the content's root, names separated by "/". */
  readonly path: string;
  readonly sizeBytes: number;
  /** Where the file begins in the release's content, which is all files in order without gaps. */
  readonly offsetBytes: number;
  /** The SHA-256 of its content, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Whether the file's owner may execute it (attribute "x", BEP 47). */
  readonly executable: boolean;
}

/** A version of a service with its content. */
export interface Release {
  readonly service: string;
  readonly version: string;
  /** The SHA-1 of the info dictionary, which holds the manifest too; 40 hexadecimal digits. */
  readonly infoHash: string;
  /** The size of all files together; 0 for a pure restart. */
  readonly sizeBytes: number;
  /** In the order of the content. */
  readonly files: readonly ReleaseFile[];
  readonly pieceLengthBytes: number;
  readonly pieceCount: number;
  /** SHA-1 of every piece, 20 bytes each. */
  readonly pieceHashes: Uint8Array;
  /** The trackers to announce to, in order of preference. */
  readonly announce: readonly string[];
  /** The .torrent itself. */
  readonly metainfo: Uint8Array;
}

/** The size of a piece; only the last one may be shorter. */
export function pieceSizeBytes(release: Release, index: number): number {
  const start = index * release.pieceLengthBytes;
  return Math.min(release.pieceLengthBytes, release.sizeBytes - start);
}
