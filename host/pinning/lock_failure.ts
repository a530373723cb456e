/**
 * Why pages cannot be locked, in an operator's words, from what the system says of it.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import {
  hasIpcLockCapability,
  LibcError,
  lockedMemoryBytes,
  lockingAllowance,
  memoryLockLimit,
} from "../../ffi/mod.ts";
import { isMissing } from "../atomic_file.ts";
import { HostError } from "../errors.ts";
import { notPermitted } from "./pin_plan.ts";
import type { PinFile } from "./pin_selection.ts";
import type { PinFailure } from "./pin_status.ts";

/** mlock(2) has three causes for ENOMEM, and only one of them is mended by a higher limit. */
export function explainLockFailure(
  error: unknown,
  facts: {
    readonly file: PinFile;
    readonly root: string;
    /** What was asked for. */
    readonly requiredBytes: number;
    /** What there is to lock in all. */
    readonly totalBytes: number;
  },
): unknown {
  if (!(error instanceof LibcError)) return error;
  const { file, root, requiredBytes, totalBytes } = facts;
  const lockedBytes = lockedMemoryBytes();
  const limitBytes = memoryLockLimit().softBytes;
  // Whoever has CAP_IPC_LOCK has a limit as well, and it does not count.
  const isOverLimit = lockedBytes + requiredBytes > limitBytes && !hasIpcLockCapability();
  if (error.code === "EPERM" || isOverLimit) {
    // The root of an unprivileged container appears to have no limit until it tries to lock, so the
    // limit itself is reported here and not the allowance.
    const availableBytes = Math.max(0, limitBytes - lockedBytes);
    const allowance = { ...lockingAllowance(), limitBytes, lockedBytes, availableBytes };
    const missing = Math.max(requiredBytes, totalBytes - lockedBytes);
    return notPermitted(root, { requiredBytes: missing, allowance, cause: error });
  }
  if (error.code === "EAGAIN") {
    return new HostError("PIN_MEMORY", {
      message:
        `pin ${file.path}: free memory on this machine, or give it more: there was none for ` +
        `the next ${requiredBytes} bytes`,
      cause: error,
    });
  }
  return new HostError("PIN_FILES_CHANGED", {
    message:
      `pin ${file.path}: expected ${file.sizeBytes} readable bytes, got ${error.code}; the ` +
      `file was cut short or the disk cannot read it: verify the release again`,
    cause: error,
  });
}

/** A file that cannot be mapped: too many maps, or the file is gone or closed to this user. */
export function explainMapFailure(
  error: unknown,
  facts: { file: PinFile; mapsCount: number },
): unknown {
  if (!(error instanceof LibcError)) return error;
  const { file, mapsCount } = facts;
  if (error.code === "ENOMEM") {
    return new HostError("PIN_TOO_MANY_FILES", {
      message:
        `pin ${file.path}: expected one more memory map, got ENOMEM after ${mapsCount} files; ` +
        `raise vm.max_map_count, or the limit on address space`,
      cause: error,
    });
  }
  return new HostError(error.code === "ENOENT" ? "PIN_FILES_CHANGED" : "PIN_READ_FAILED", {
    message:
      `pin ${file.path}: expected a file to map, got ${error.code}; verify the release again, ` +
      `and look whether this user may read it`,
    cause: error,
  });
}

/** What a status says of an error. */
export function toFailure(error: unknown): PinFailure {
  if (error instanceof HostError) {
    const { code, message, advice } = error;
    return { code, message, advice };
  }
  const message = reasonOf(error);
  return { code: isMissing(error) ? "PIN_FILES_CHANGED" : "PIN_READ_FAILED", message };
}
