/**
 * What a pin keeper says of itself in its status file. Only types and the words for them, so that
 * the keeper, which stays in memory as long as the pages do, loads nothing more.
 */

import type { HostErrorCode } from "../errors.ts";

/** The version of {@linkcode PinStatus}'s form; a reader refuses any other. */
export const PIN_STATUS_SCHEMA = 1;

/** Why a keeper holds nothing. */
export interface PinFailure {
  code: HostErrorCode;
  message: string;
  /** Lines for the operator to act on, where there are any. */
  advice?: string | undefined;
}

/** The status file of a pin keeper. */
export interface PinStatus {
  schema: typeof PIN_STATUS_SCHEMA;
  /** Who the keeper is: the pid alone might be somebody else's by now. */
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
  /** Bytes of these files locked so far. */
  lockedBytes: number;
  /** `VmLck` of the keeper: whole pages, so at least `lockedBytes`. */
  vmLckBytes: number;
  /** Bytes of these files that mincore(2) found in memory when the locking was done; the proof. */
  residentBytes: number;
  /** When the status was written, ms since 1970. */
  updatedAt: number;
  /** Only with `state: "failed"`. */
  failure?: PinFailure | undefined;
}
