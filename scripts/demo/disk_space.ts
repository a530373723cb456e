/**
 * Whether a disk has room for the fleet, asked before anything is fetched.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { DemoError } from "./deadlines.ts";
import { formatBytes } from "./units.ts";

/** Throws {@link DemoError} when the disk that a folder is on has fewer free bytes than are needed. */
export function checkDiskSpace(folder: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new DemoError(
    `room for the fleet: expected ${formatBytes(neededBytes)} free in ${folder}, there are ${
      formatBytes(freeBytes)
    }; choose a smaller blob or fewer hosts, or set TMPDIR to a folder on another disk`,
  );
}
