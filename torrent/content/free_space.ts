/** How much room there is on a disk, to be looked at before anything is allocated. */

import * as fs from "node:fs";

/**
 * The bytes that a process without privileges may still write to the file system of a folder (statfs(2)). Infinity where the
 * system does not tell: then the allocation itself will.
 */
export function freeBytesOf(path: string): number {
  try {
    const { bavail, bsize } = fs.statfsSync(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
