/**
 * Whether a disk has room for the fleet, which is checked before anything is fetched.
 *
 * @module
 */

import { diskSpace } from "../../base/disk_space.ts";
import { formatBytes } from "../../cli/shared/format.ts";
import { DemoError } from "./deadlines.ts";

/** @throws {DemoError} when the file system of a folder has fewer free bytes than are needed. */
export async function checkDiskSpace(folder: string, neededBytes: number): Promise<void> {
  const { freeBytes } = await diskSpace(folder);
  if (freeBytes >= neededBytes) return;
  throw new DemoError(
    `room for the fleet: expected ${formatBytes(neededBytes)} free in ${folder}, there are ${
      formatBytes(freeBytes)
    }; choose a smaller blob or fewer hosts, or set TMPDIR to a folder on another disk`,
  );
}
