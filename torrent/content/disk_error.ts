/** The errors of a transfer whose disk has failed it, or that its caller has stopped. */

import { reasonOf } from "../../base/reason.ts";
import { isDiskFull, systemErrorCode, TransferError } from "../errors.ts";

/** The error of a transfer that its caller has stopped. */
export function stoppedError(cause?: unknown): TransferError {
  return new TransferError("stopped", "transfer: stopped by its caller; fetch again to resume", {
    cause,
  });
}

/** The transfer's error after a failed access to the disk. */
export function diskError(action: string, path: string, cause: unknown): TransferError {
  if (cause instanceof TransferError) return cause;
  const code = systemErrorCode(cause);
  if (isDiskFull(cause)) {
    return new TransferError(
      "disk_full",
      `${action} content: no room for ${path} (${code}); make room there, ` +
        "what is verified is kept",
      { cause },
    );
  }
  const detail = code ?? (reasonOf(cause));
  return new TransferError("disk_failed", `${action} content: ${path}: ${detail}`, { cause });
}
