/** The error of the host's parts. */

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

/** Something on this host did not go as asked. `code` is stable, `message` says what to do next. */
export class HostError extends Error {
  override readonly name = "HostError";
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
