/**
 * The limits of a node, each with its default and the reason for it.
 *
 * @module
 */

import { RemoteError } from "./errors.ts";
import { WINDOW_LIMIT } from "./frames.ts";

/** The bounds and times of a node. */
export interface RemoteLimits {
  /**
   * Messages that another node may have under way to one exported actor: told and not yet out of
   * its mailbox. Default 256: a quarter of a default mailbox, so that some nodes fit into it.
   */
  readonly window: number;
  /**
   * Largest frame, in bytes. Default 1 MiB: the trees of some thousand actors. What is larger
   * belongs into a stream of its own.
   */
  readonly frameBytes: number;
  /**
   * Bytes that may wait to be written before `tell` returns `overflow`. Default 4 MiB. At twice as much
   * the connection is closed: the other side asks and does not read.
   */
  readonly queueBytes: number;
  /** After how long without a frame of its own a node sends a sign of life, in ms. Default 5000. */
  readonly heartbeatMs: number;
  /** After how long without a frame a connection is closed, in ms. Default 15 000: three signs of life. */
  readonly silenceMs: number;
  /** How long to dial and shake hands, in milliseconds. Default 5000. */
  readonly connectTimeoutMs: number;
  /**
   * How long after the loss of a connection, in milliseconds, the actors beyond it count as ended.
   * Default 30 000: a restart of a network switch is shorter, and a watcher can wait that long.
   */
  readonly unreachableAfterMs: number;
  /** Wait before the first new attempt to connect, in milliseconds. Default 200. */
  readonly initialBackoffMs: number;
  /** Longest wait between attempts, in milliseconds. Default 10 000. */
  readonly maxBackoffMs: number;
  /** Most connections that a node accepts. Default 1024: one per host of a large site. */
  readonly connections: number;
  /**
   * Most connections that a node accepts from one address. Default 64: some operators behind one gateway,
   * and far from all that there may be, so that no single machine locks the others out.
   */
  readonly connectionsPerAddress: number;
  /** Most other nodes that a node dials. Default 1024, for the same reason. */
  readonly peers: number;
}

/** The default limits; see {@linkcode RemoteLimits} for each value's reason. */
export const DEFAULT_REMOTE_LIMITS: RemoteLimits = {
  window: 256,
  frameBytes: 1_048_576,
  queueBytes: 4_194_304,
  heartbeatMs: 5_000,
  silenceMs: 15_000,
  connectTimeoutMs: 5_000,
  unreachableAfterMs: 30_000,
  initialBackoffMs: 200,
  maxBackoffMs: 10_000,
  connections: 1_024,
  connectionsPerAddress: 64,
  peers: 1_024,
};

/**
 * Fills in the defaults and checks the ranges.
 *
 * @throws {RemoteError} `invalid_option`.
 */
export function remoteLimits(options: Partial<RemoteLimits>): RemoteLimits {
  const limits = { ...DEFAULT_REMOTE_LIMITS, ...options };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isFinite(value) && value > 0) continue;
    throw invalid(`${name} of more than 0, got ${value}`);
  }
  if (!Number.isInteger(limits.window) || limits.window > WINDOW_LIMIT) {
    throw invalid(`a whole window of at most ${WINDOW_LIMIT}, got ${limits.window}`);
  }
  if (limits.silenceMs <= limits.heartbeatMs) {
    throw invalid(`silenceMs of more than heartbeatMs, got ${limits.silenceMs}`);
  }
  return limits;
}

function invalid(what: string): RemoteError {
  return new RemoteError("invalid_option", `make a node: expected ${what}`);
}
