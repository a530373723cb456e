/** The error that everything in `host/` throws. */

/** Every `code` that a {@linkcode HostError} can have. */
export type HostErrorCode =
  // names and releases
  | "NAME_INVALID"
  | "RELEASE_MISSING"
  | "RELEASE_EXISTS"
  | "RELEASE_CURRENT"
  | "DATA_DIR_LOCKED"
  | "STATE_DIR_OPEN"
  // the service process
  | "SERVICE_RUNNING"
  | "SERVICE_START_FAILED"
  | "SERVICE_STOP_FAILED"
  // pinned pages
  | "PIN_LIMIT"
  | "PIN_NOT_PERMITTED"
  | "PIN_MEMORY"
  | "PIN_TOO_MANY_FILES"
  | "PIN_FILES_CHANGED"
  | "PIN_READ_FAILED"
  | "PIN_ROOT_MISSING"
  | "PIN_KEEPER_DIED"
  | "PIN_KEEPER_FAILED"
  | "PIN_STALLED";

/** An operation on this host failed. `code` is stable; `message` says what was expected, what was there, and what to do. */
export class HostError extends Error {
  override readonly name = "HostError";
  /** Stable name of the failure. */
  readonly code: HostErrorCode;
  /** Lines for the operator to act on, where there are any. */
  readonly advice: string | undefined;

  constructor(
    code: HostErrorCode,
    details: { message: string; advice?: string | undefined; cause?: unknown },
  ) {
    super(details.message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.advice = details.advice;
  }
}
