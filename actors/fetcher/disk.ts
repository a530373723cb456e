/**
 * What the fetcher needs of its machine besides the store of releases and the torrent engine: .torrent files, the room on
 * the disk, what other releases hold already, and counts of bytes. `thisDisk` is the machine's own; a simulation hands in
 * another one.
 *
 * @module
 */

import { readFile } from "../../base/bounded_read.ts";
import { diskSpace } from "../../base/disk_space.ts";
import { fetchTorrent, MAX_METAINFO_BYTES } from "../../torrent/mod.ts";
import { readReceived, writeReceived } from "./received_record.ts";
import { forgetPresentBlocks, isSharing, reuseStored } from "./reuse_stored.ts";

/** The fetcher's view of its machine. */
export interface FetcherDisk {
  /** Fetches a .torrent from the build machine. */
  readonly fetchTorrent: typeof fetchTorrent;
  /** Reads a .torrent file; null if there is none that can be read. */
  readonly readTorrent: (path: string) => Promise<Uint8Array | null>;
  /** Keeps a .torrent file, in one rename. */
  readonly writeTorrent: (path: string, metainfo: Uint8Array) => Promise<void>;
  /** Bytes that are free on the file system of a folder. */
  readonly freeBytes: (folder: string) => Promise<number>;
  /** Bytes that the files below a folder use. A sparse file counts with the blocks that it has. */
  readonly usedBytes: (folder: string) => Promise<number>;
  readonly isSharing: typeof isSharing;
  readonly reuseStored: typeof reuseStored;
  readonly forgetPresentBlocks: typeof forgetPresentBlocks;
  readonly readReceived: typeof readReceived;
  readonly writeReceived: typeof writeReceived;
}

/** The disk of the machine that this program runs on. */
export const thisDisk: FetcherDisk = {
  fetchTorrent,
  readTorrent: (path) => readFile(path, MAX_METAINFO_BYTES).catch(() => null),
  async writeTorrent(path, metainfo) {
    await Deno.writeFile(`${path}.new`, metainfo);
    await Deno.rename(`${path}.new`, path);
  },
  freeBytes: async (folder) => (await diskSpace(folder)).freeBytes,
  usedBytes: folderBlocksBytes,
  isSharing,
  reuseStored,
  forgetPresentBlocks,
  readReceived,
  writeReceived,
};

async function folderBlocksBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) bytes += await folderBlocksBytes(path);
    else bytes += ((await Deno.lstat(path)).blocks ?? 0) * 512;
  }
  return bytes;
}
