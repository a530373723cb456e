/**
 * How much room a file system has, which is asked before anything is put there.
 *
 * @module
 */

import { statfs } from "node:fs/promises";

/** The room on a file system. */
export interface DiskSpace {
  /** Bytes that a process without privileges may still write. */
  readonly freeBytes: number;
  /** Its size. */
  readonly totalBytes: number;
  /** How many files and folders may still be made there (inodes); Infinity where there is no such limit. */
  readonly freeFiles: number;
  /** A file takes whole blocks of this size. */
  readonly blockBytes: number;
}

/**
 * The largest block that is reckoned with. File systems of a network call the size of their requests a block, while a file
 * of one byte takes far less there.
 */
const MAX_BLOCK_BYTES = 4096;

/** The room on the file system that holds `path`. statfs(2). @throws the system's error. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize, files, ffree } = await statfs(path);
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    // Where inodes are made as they are needed, as on Btrfs, both numbers are 0.
    freeFiles: files === 0 ? Infinity : ffree,
    blockBytes: Math.min(bsize, MAX_BLOCK_BYTES),
  };
}
