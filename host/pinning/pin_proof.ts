/**
 * What is really locked: never what calls have returned, always what the kernel says of the pages. Of the files that a keeper
 * holds it is what mincore(2) finds in memory and smaps finds locked, and of the name that a service opens.
 *
 * @module
 */

import { lockedBytesOfMaps, mapResidency, type MemoryMap } from "../../ffi/mod.ts";
import { isMissing } from "../atomic_file.ts";
import type { PinFile } from "./pin_selection.ts";
import type { PinStatus } from "./pin_status.ts";

/** A file, and the map by which a keeper holds its pages. */
export interface HeldFile {
  readonly file: PinFile;
  readonly map: MemoryMap;
  /** As {@linkcode identifyFile} gave it when the file was mapped. */
  readonly identity: string;
}

/** What was found. */
export interface PinProof {
  /** Bytes in memory. */
  readonly residentBytes: number;
  /** Bytes in memory and locked, of files that are still the ones of their names. */
  readonly provenBytes: number;
  /** The files of which some bytes are not. */
  readonly lost: readonly HeldFile[];
}

/** Asks the kernel about every page. The caller does nothing else meanwhile. */
export function provePages(held: readonly HeldFile[]): PinProof {
  const locked = lockedBytesOfMaps(held.map(({ map }) => map));
  let [allResidentBytes, provenBytes] = [0, 0];
  const lost: HeldFile[] = [];
  for (const [index, one] of held.entries()) {
    const { file, map, identity } = one;
    const { residentBytes } = mapResidency(map);
    allResidentBytes += residentBytes;
    const isItself = identifyFile(file.path) === identity;
    const bytes = isItself ? Math.min(residentBytes, locked[index] ?? 0) : 0;
    provenBytes += bytes;
    if (bytes < file.sizeBytes) lost.push(one);
  }
  return { residentBytes: allResidentBytes, provenBytes, lost };
}

/** A file's device, inode and size: another file of the same name, or one of another size, is not the one that is held. */
export function identifyFile(path: string): string {
  try {
    const { dev, ino, size } = Deno.statSync(path);
    return `${dev}:${ino}:${size}`;
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

/**
 * How many bytes of a release are locked, by its keeper's last proof and by what the kernel says of the keeper; less than
 * `totalBytes`: it is not, or not any more. A keeper of an earlier version has proved it once, after it had locked all.
 */
export function provenBytesOf(
  { residentBytes, provenBytes = residentBytes, vmLckBytes }: Pick<
    PinStatus,
    "residentBytes" | "provenBytes" | "vmLckBytes"
  >,
): number {
  return Math.min(provenBytes, vmLckBytes);
}
