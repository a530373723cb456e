/**
 * How much room a release takes on a disk beside what is there of it, and whether there is so much: to be known before
 * anything of it is made.
 */

import { type DiskSpace, diskSpace } from "../../base/disk_space.ts";
import { formatBytes } from "../../base/size.ts";
import { TransferError } from "../errors.ts";
import type { Release } from "../release/mod.ts";

/** How the room on a disk is found out. */
export type ReadSpace = (path: string) => Promise<DiskSpace>;

/** The room that content takes, or lacks. */
export interface ContentRoom {
  readonly bytes: number;
  /** Files and folders. */
  readonly files: number;
}

/** A file of the release as it is on the disk before the release is put there. */
export interface FormerFile {
  readonly sizeBytes: number;
  /** The room that it takes: less than its size where it has holes. */
  readonly takenBytes: number;
}

/** The room that a release takes beside what is there. Pure. */
export function roomNeeded(
  release: Release,
  { former, newFolders, discard, blockBytes }: {
    /** In the release's order; undefined: there is none. */
    readonly former: readonly (FormerFile | undefined)[];
    /** How many folders have to be made. */
    readonly newFolders: number;
    /** Whether what is in the files is thrown away. */
    readonly discard: boolean;
    readonly blockBytes: number;
  },
): ContentRoom {
  let [bytes, files] = [0, newFolders];
  for (const [index, { sizeBytes }] of release.files.entries()) {
    const file = former[index];
    if (file === undefined) files++;
    // A file that has its size is not allocated again.
    else if (!discard && file.sizeBytes >= sizeBytes) continue;
    bytes += Math.ceil(sizeBytes / blockBytes) * blockBytes - (file?.takenBytes ?? 0);
  }
  return { bytes: Math.max(0, bytes), files };
}

/**
 * Expects room in a folder.
 *
 * @throws {TransferError} "disk_full", which says what is needed, what is free, and where.
 */
export function expectRoom(folder: string, needed: ContentRoom, space: DiskSpace): void {
  const { freeBytes, freeFiles } = space;
  const lacking: string[] = [];
  if (needed.bytes > freeBytes) {
    lacking.push(
      `it takes ${formatBytes(needed.bytes)} beside what is there, ${formatBytes(freeBytes)} ` +
        `are free (${formatBytes(needed.bytes - freeBytes)} are missing)`,
    );
  }
  if (needed.files > freeFiles) {
    lacking.push(
      `it takes ${needed.files} new files and folders, the disk can hold ${freeFiles} more (inodes)`,
    );
  }
  if (lacking.length === 0) return;
  throw new TransferError(
    "disk_full",
    `make content: no room for ${folder}: ${lacking.join(", and ")}; make room there, ` +
      "what is verified is kept",
  );
}

/** The room of a folder; without bounds where the system does not tell: then the allocation itself will. */
export async function readSpace(path: string): Promise<DiskSpace> {
  try {
    return await diskSpace(path);
  } catch {
    return { freeBytes: Infinity, totalBytes: Infinity, freeFiles: Infinity, blockBytes: 1 };
  }
}
