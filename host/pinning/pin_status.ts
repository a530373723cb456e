/**
 * The status file of a pin keeper. Only types and one constant, so that the keeper, which stays in
 * memory for as long as the pages do, loads no schema library for them.
 *
 * @module
 */

import type { HostErrorCode } from "../errors.ts";

/** The version of {@linkcode PinStatus}'s format; a reader refuses any other. */
export const PIN_STATUS_SCHEMA = 1;

/** Why a keeper has locked nothing. */
export interface PinFailure {
  code: HostErrorCode;
  message: string;
  /** Lines for the operator to act on, where there are any. */
  advice?: string | undefined;
}

/** The status file of a pin keeper. */
export interface PinStatus {
  schema: typeof PIN_STATUS_SCHEMA;
  /** The keeper's pid; with the next two fields its identity, since a pid alone may be reused. */
  pid: number;
  startTimeTicks: number;
  bootId: string;
  /** The folder whose files are locked; absolute. */
  root: string;
  /** Device and inode of root: another folder of the same name is not the one that is locked. */
  rootIdentity: string;
  state: "locking" | "locked" | "failed";
  /** Regular files below root. */
  filesCount: number;
  /** Bytes in these files. */
  totalBytes: number;
  /** Bytes of these files locked so far, as the calls have returned: progress, and no proof. */
  lockedBytes: number;
  /** `VmLck` of the keeper: whole pages, so at least `lockedBytes`. Who asks for a status is told what it is now. */
  vmLckBytes: number;
  /** Bytes of these files that mincore(2) found in memory by the last proof. */
  residentBytes: number;
  /**
   * Bytes of these files that the last proof found in memory and locked, see `pin_proof.ts`; it is repeated while the keeper
   * lives. Left out: a keeper of an earlier version, which has looked once.
   */
  provenBytes?: number | undefined;
  /** When the status was written, milliseconds since 1970. */
  updatedAt: number;
  /** How many processes of its cgroup the kernel had killed for lack of memory when it began, and which file said so. */
  oomKills?: { file: string; count: number } | undefined;
  /** Only with `state: "failed"`. */
  failure?: PinFailure | undefined;
}
