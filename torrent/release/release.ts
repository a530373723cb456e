/** What a release is, once its .torrent has been read and found acceptable. */

/** One file of a release. */
export interface ReleaseFile {
  /** Relative to the content's root, names separated by "/". */
  readonly path: string;
  readonly sizeBytes: number;
  /** Where it begins in the release's content, all files in order without gaps. */
  readonly offsetBytes: number;
  /** Of its content, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Whether its owner may execute it (attribute "x", BEP 47). */
  readonly executable: boolean;
}

/** A service's version with its content, as its .torrent describes it. */
export interface Release {
  readonly service: string;
  readonly version: string;
  /** Of the info dictionary (which holds the manifest too), 40 hexadecimal digits. */
  readonly infoHash: string;
  /** Of all files together; 0 for a pure restart. */
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

/** Size of one piece; only the last one may be shorter. */
export function pieceSizeBytes(release: Release, index: number): number {
  const start = index * release.pieceLengthBytes;
  return Math.min(release.pieceLengthBytes, release.sizeBytes - start);
}
