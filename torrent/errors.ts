/**
 * The errors of `torrent/`: three classes, each with a stable `code` to decide by. A message says what was attempted, what
 * was expected, what was there, and what to do next.
 */

/** Why a release could not be created, read or verified. */
export type ReleaseErrorCode =
  /** The input is missing, unreadable, or of a kind that cannot be published. */
  | "unpublishable"
  /** The content changed while it was read. */
  | "changed_while_reading"
  /** The .torrent is not what {@link readRelease} accepts. */
  | "invalid_metainfo"
  /** A file of the release is not there. */
  | "file_missing"
  /** A file of the release has another size than its release says. */
  | "file_size"
  /** A file of the release has other content than its release says. */
  | "file_content"
  /** The caller's signal ended the work. */
  | "aborted";

/** A release is not what it should be. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
  /** Stable: decide by this, never by the message. */
  readonly code: ReleaseErrorCode;
  /** The file that the error is about, relative to the content's root or as it was handed in; undefined if there is none. */
  readonly path: string | undefined;

  constructor(
    code: ReleaseErrorCode,
    message: string,
    options?: { cause?: unknown; path?: string },
  ) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.path = options?.path;
  }
}

/** Why a transfer ended early. */
export type TransferErrorCode =
  /** No room on the disk (ENOSPC, EDQUOT): make room, then fetch again; nothing is lost. */
  | "disk_full"
  /** Any other failure to read or write below the content's root. */
  | "disk_failed"
  /** The content to seed is not there, or has other sizes than its release says. */
  | "content_missing"
  /** The engine already has a transfer of this info hash. */
  | "duplicate"
  /** The caller's signal, `stop()` or `close()` ended it. */
  | "stopped"
  /** The engine could not start or failed as a whole. */
  | "engine_failed";

/** A transfer ended before every piece was there. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  /** Stable: decide by this, never by the message. */
  readonly code: TransferErrorCode;

  constructor(code: TransferErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Why the feed refused or could not be read. */
export type FeedErrorCode =
  /** The same service and version is in the feed already, with other content. */
  | "version_taken"
  /** The feed's directory could not be read or written. */
  | "storage"
  /** No answer in time, or the connection failed. */
  | "unreachable"
  /** An answer that is too large, malformed, or not what was asked for. */
  | "invalid_answer"
  /** An address that is not http or https, or that leads to another server. It is not worth trying again. */
  | "invalid_url";

/** The feed refused a release, or an answer of a feed is of no use. */
export class FeedError extends Error {
  override readonly name = "FeedError";
  /** Stable: decide by this, never by the message. */
  readonly code: FeedErrorCode;

  constructor(code: FeedErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The code of a failed system call ("ENOSPC"), whether `Deno` or `node:fs` threw it; undefined for other errors. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Causes that are looked at: real chains have two or three, and a chain may be a circle. */
const MAX_CAUSES = 5;

/** Whether an error, or what has caused it, says that there is no room on a disk (ENOSPC, EDQUOT). */
export function isDiskFull(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    const code = systemErrorCode(cause);
    if (code === "ENOSPC" || code === "EDQUOT" || code === "disk_full") return true;
    if (!(cause instanceof Error)) return false;
    cause = cause.cause;
  }
  return false;
}
