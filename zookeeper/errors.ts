/**
 * The errors of the client, and ZooKeeper's table of result codes. The client and the embedded server both translate
 * between the numbers on the wire and the names used here.
 *
 * @module
 */

/** Result codes of the protocol by name (org.apache.zookeeper.KeeperException.Code). */
export const resultCodes = {
  OK: 0,
  SYSTEM_ERROR: -1,
  RUNTIME_INCONSISTENCY: -2,
  DATA_INCONSISTENCY: -3,
  CONNECTION_LOSS: -4,
  MARSHALLING_ERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATION_TIMEOUT: -7,
  BAD_ARGUMENTS: -8,
  NEW_CONFIG_NO_QUORUM: -13,
  RECONFIG_IN_PROGRESS: -14,
  UNKNOWN_SESSION: -12,
  API_ERROR: -100,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NO_CHILDREN_FOR_EPHEMERALS: -108,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_CALLBACK: -113,
  INVALID_ACL: -114,
  AUTH_FAILED: -115,
  SESSION_MOVED: -118,
  NOT_READ_ONLY: -119,
  EPHEMERAL_ON_LOCAL_SESSION: -120,
  NO_WATCHER: -121,
  REQUEST_TIMEOUT: -122,
  RECONFIG_DISABLED: -123,
  SESSION_CLOSED_REQUIRE_SASL_AUTH: -124,
  QUOTA_EXCEEDED: -125,
  THROTTLED: -127,
} as const;

/**
 * The name of a failure: one of ZooKeeper's own, or one that only a client can have.
 *
 * - `CLOSED`: the client was closed.
 * - `QUEUE_FULL`: too many requests were waiting for a connection.
 */
export type ZooKeeperErrorCode =
  | Exclude<keyof typeof resultCodes, "OK">
  | "CLOSED"
  | "QUEUE_FULL";

const namesByNumber = new Map<number, ZooKeeperErrorCode>();
for (const [name, number] of Object.entries(resultCodes)) {
  if (number !== 0) namesByNumber.set(number, name as ZooKeeperErrorCode);
}

/** Returns the name of a result code from the wire; a number that is not in the table counts as `SYSTEM_ERROR`. */
export function errorCodeFromNumber(number: number): ZooKeeperErrorCode {
  return namesByNumber.get(number) ?? "SYSTEM_ERROR";
}

const advice: Partial<Record<ZooKeeperErrorCode, string>> = {
  NO_NODE: "the node (or its parent) does not exist",
  NODE_EXISTS: "the node exists already",
  BAD_VERSION: "the node's version is not the expected one; read again and decide again",
  NOT_EMPTY: "the node has children; delete them first",
  NO_CHILDREN_FOR_EPHEMERALS: "the parent is ephemeral and cannot have children",
  NO_AUTH: "the node's ACL does not allow it; add credentials with addAuth",
  INVALID_ACL: "the ACL is empty or names an unknown scheme",
  AUTH_FAILED: "the server refused the credentials",
  CONNECTION_LOSS:
    "the connection broke before the reply came; it may have happened, read before trying again",
  SESSION_EXPIRED:
    "the session is gone, and its ephemeral nodes with it; register again on the new session",
  OPERATION_TIMEOUT: "no reply before the deadline",
  QUEUE_FULL: "too many requests are waiting for a connection; slow down or raise maxQueued",
  CLOSED: "the client is closed",
  NO_WATCHER: "there is no such watch",
  BAD_ARGUMENTS: "the server refused the arguments",
  UNIMPLEMENTED: "the server does not know this operation",
  MARSHALLING_ERROR: "the server could not read the request, or its reply could not be read",
};

/** The parts of a {@linkcode ZooKeeperError}. */
export interface ZooKeeperErrorDetails {
  /** How it failed. */
  code: ZooKeeperErrorCode;
  /** The operation's name, as `create`. */
  operation: string;
  /** The node's path as the caller gave it; empty for an operation without one. */
  path?: string;
  /** The end of the message. Default: the usual meaning of the code. */
  detail?: string;
  /** Whether the request was sent and no reply came. Default false. */
  outcomeUnknown?: boolean;
  /** The failure that caused this one, as that of a socket. */
  cause?: unknown;
}

/** A request that failed. `code` says how it failed, the message says what to do. */
export class ZooKeeperError extends Error {
  /** For stack traces. */
  override readonly name: string = "ZooKeeperError";
  /** How it failed. Stable: programs compare it. */
  readonly code: ZooKeeperErrorCode;
  /** The operation's name, as `create`. */
  readonly operation: string;
  /** The node's path as the caller gave it; empty for an operation without one. */
  readonly path: string;
  /** True if the request was sent and no reply came: it may or may not have happened. */
  readonly outcomeUnknown: boolean;

  /** Composes the message from the details. */
  constructor(details: ZooKeeperErrorDetails) {
    const { code, operation, path = "", outcomeUnknown = false } = details;
    const detail = details.detail ?? advice[code] ?? "the server refused it";
    super(
      `${operation}${path === "" ? "" : " " + path}: ${code}: ${detail}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.operation = operation;
    this.path = path;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** The result of one operation of a `multi` that was refused. */
export type MultiOutcome = ZooKeeperErrorCode | "OK";

/** A `multi` that the server refused: none of its operations happened. */
export class MultiError extends ZooKeeperError {
  /** For stack traces. */
  override readonly name: string = "MultiError";
  /** Index of the operation (from 0) that was refused. */
  readonly index: number;
  /**
   * One entry per operation: `OK` for those before the failing one (undone all the same), the code
   * for the failing one, `RUNTIME_INCONSISTENCY` for those after it, as ZooKeeper reports them.
   */
  readonly results: readonly MultiOutcome[];

  /** Composes the message from the details and the failing operation. */
  constructor(
    details: ZooKeeperErrorDetails & { index: number; results: readonly MultiOutcome[] },
  ) {
    super({
      ...details,
      detail: `operation ${details.index} of ${details.results.length} was refused (${
        advice[details.code] ?? "no further reason given"
      }); none of them happened`,
    });
    this.index = details.index;
    this.results = details.results;
  }
}

/** True for a {@linkcode ZooKeeperError} with one of the given codes. */
export function hasCode(error: unknown, ...codes: ZooKeeperErrorCode[]): error is ZooKeeperError {
  return error instanceof ZooKeeperError && codes.includes(error.code);
}
