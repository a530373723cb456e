/**
 * References: the only way to reach an actor. This file says what a reference is. How each kind of
 * reference delivers is in the files that make them: cell/cell_ref.ts, cell/message_adapter.ts and
 * cell/pending_ask.ts.
 *
 * @module
 */

import type { StopReason } from "./stop_reason.ts";
import type { AskErrorCode } from "./errors.ts";

/**
 * What became of a message at the moment at which it was sent.
 *
 * - `accepted`: it is in the mailbox. (An actor with `drop_oldest` may still drop it later.)
 * - `overflow`: the mailbox is full and this message was dropped.
 * - `stopped`: the actor has ended, or is ending for good, and will not handle it.
 *
 * A message that is dropped is counted and becomes a dead letter of the system.
 */
export type TellOutcome = "accepted" | "overflow" | "stopped";

/**
 * Reaches one actor. A reference stays valid across restarts of its actor, and it accepts only
 * messages of the actor's protocol. It is contravariant: a reference that takes more kinds of messages
 * may be used where one that takes fewer is expected.
 */
export interface ActorRef<in M> {
  /** The actor's path, for people: `/agent/service:web/runner`. It is not an address to look up. */
  readonly path: string;
  /** Sends a message and returns at once. It never throws and never runs the receiver inline. */
  readonly tell: (message: M) => TellOutcome;
}

/**
 * The reference to which the answer to an ask is sent. It takes exactly one answer; a second or a late
 * one is a dead letter. Any reference is a `ReplyTo`, so an actor may have the answer sent elsewhere.
 */
export type ReplyTo<R> = ActorRef<R>;

/**
 * The type of the answer to a message: what the field `replyTo` accepts in the variant of the protocol
 * `M` to which the message `N` belongs.
 */
export type ReplyOf<M, N> = M extends unknown
  ? N extends M ? M extends { readonly replyTo: ActorRef<infer R> } ? R : never : never
  : never;

/** A message that carries the reference for its answer in the field `replyTo`. */
export interface Asking {
  /** The reference to which the answer is sent. */
  readonly replyTo: ActorRef<never>;
}

/**
 * The key of the method by which references of this runtime let others learn of their actor's end.
 * Internal: it is not part of {@linkcode ActorRef}, so that anybody can write a reference of their own.
 */
export const onTermination: unique symbol = Symbol("rollcall.actor.onTermination");

/** Called once, with the reason, when the actor behind a reference has ended for good. */
export type TerminationListener = (reason: StopReason) => void;

/** A reference whose end can be observed. */
export interface Watchable {
  /**
   * Registers a listener and returns the function that removes it. If the actor has ended already,
   * the listener is called before this returns.
   */
  [onTermination](listener: TerminationListener): () => void;
}

/**
 * The key under which the reference for an answer gives access to the ask that it belongs to.
 * Internal: references that lead to another process or worker pass the ask's deadline on, and fail it
 * for reasons that only they know.
 */
export const askBehind: unique symbol = Symbol.for("rollcall.actor.askBehind");

/** An ask as it is seen by a reference that carries the question to another process or worker. */
export interface AskBehind {
  /** How long the answer may take, in milliseconds, as the asker has set it. */
  readonly timeoutMs: number;
  /** Ends the ask without an answer. It has no effect on an ask that has ended. */
  fail(code: AskErrorCode, what: string): void;
}

/** Whether the end of the actor behind this reference can be observed. */
export function isWatchable<R extends object>(ref: R): ref is R & Watchable {
  return onTermination in ref;
}
