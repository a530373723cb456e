/** WebTorrent's own libraries with types, as a second opinion on what this project writes. */

import createTorrent from "create-torrent";
import parseTorrent from "parse-torrent";

/** A .torrent as parse-torrent sees it. */
export interface TheirTorrent {
  readonly infoHash: string;
  readonly private: boolean;
  readonly length: number;
  readonly files: readonly unknown[];
  /** SHA-1 in hexadecimal. */
  readonly pieces: readonly string[];
}

/** What parse-torrent makes of a .torrent. */
export async function theirParse(metainfo: Uint8Array): Promise<TheirTorrent> {
  return await parseTorrent(metainfo) as TheirTorrent;
}

/** What create-torrent makes of a file or folder. */
export function theirCreate(path: string, pieceLength: number): Promise<Uint8Array> {
  const options = { announce: [], pieceLength, onProgress() {} };
  return new Promise((resolve, reject) => {
    createTorrent(path, options, (error: unknown, metainfo: Uint8Array) => {
      if (error) reject(error);
      else resolve(metainfo);
    });
  });
}
