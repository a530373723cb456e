/** How much room a file system has, which is asked before a download begins. */

import { statfs } from "node:fs/promises";

/** The room on a file system. */
export interface DiskSpace {
  /** Bytes that a process without privileges may still write. */
  freeBytes: number;
  /** Its size. */
  totalBytes: number;
}

/** The room on the file system that holds `path`. statfs(2). @throws the system's error. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
