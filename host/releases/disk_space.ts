/** How full the disk is, to be asked before a download begins. */

import { statfs } from "node:fs/promises";

/** The space of a file system. */
export interface DiskSpace {
  /** Bytes that a process without privileges may still write. */
  freeBytes: number;
  totalBytes: number;
}

/** The space of the file system that holds `path`. statfs(2). @throws the system's error. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
