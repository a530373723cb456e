/**
 * The errors of connections and references between processes. Outcomes of single asks are `AskError`s.
 *
 * @module
 */

/**
 * Stable names of what can go wrong.
 *
 * - `invalid_option`: a URL, a name or a number cannot be used.
 * - `unreachable`: the connection was lost, or never made, for longer than the node waits for it.
 * - `node_ended`: the other node has ended, or another one answers in its place.
 * - `not_exported`: the other node has no actor under that name.
 * - `name_taken`: an actor is exported under that name already.
 * - `actor_failed`: the actor that the reference pointed to has failed for good.
 * - `protocol_violation`: the other side sent what no honest node of this version sends.
 * - `too_many`: a bound on connections, references or peers is reached.
 * - `node_closed`: this node is closed.
 */
export type RemoteErrorCode =
  | "invalid_option"
  | "unreachable"
  | "node_ended"
  | "not_exported"
  | "name_taken"
  | "actor_failed"
  | "protocol_violation"
  | "too_many"
  | "node_closed";

/** A connection to another process, or a reference into it, that cannot be used, or not any more. */
export class RemoteError extends Error {
  /** Always `RemoteError`. */
  override readonly name = "RemoteError";
  /** What went wrong, stable across versions. */
  readonly code: RemoteErrorCode;

  /** Makes an error with a stable code and a message for people. */
  constructor(code: RemoteErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Makes the error of a connection whose other side breaks the protocol. */
export function violation(what: string): RemoteError {
  return new RemoteError("protocol_violation", `read from the other node: ${what}`);
}
