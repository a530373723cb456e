/**
 * How much room on the disk a release needs. Pure.
 *
 * @module
 */

/** Space that stays free on the disk, for logs and records of the machine. */
const DISK_RESERVE_BYTES = 64 * 1024 ** 2;

/** How many bytes are missing for a release of which some are on the disk already; 0 or less: there is room. */
export function missingDiskBytes(
  { sizeBytes, presentBytes, freeBytes }: {
    readonly sizeBytes: number;
    readonly presentBytes: number;
    readonly freeBytes: number;
  },
): number {
  return sizeBytes - presentBytes + DISK_RESERVE_BYTES - freeBytes;
}
