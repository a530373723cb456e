/**
 * References: the only way to reach an actor. This file says what a reference is; how one delivers
 * is the business of the files that make them (cell.ts, adapter.ts, ask.ts).
 *
 * @module
 */

import type { StopReason } from "./actor_definition.ts";
import type { AskErrorCode } from "./errors.ts";

/**
 * What became of a message at the moment it was sent.
 *
 * - `accepted`: it is in the mailbox. (An actor with `drop_oldest` may still drop it later.)
 * - `overflow`: the mailbox is full and this message was dropped.
 * - `stopped`: the actor has ended, or is about to for good, and will not handle it.
 *
 * Whatever is dropped is counted and goes to the system's dead letters.
 */
export type TellOutcome = "accepted" | "overflow" | "stopped";

/**
 * Reaches one actor. It stays valid across restarts of that actor, it accepts only messages of the
 * actor's protocol, and it is contravariant: a reference that takes more kinds of messages may stand
 * where one that takes fewer is asked for.
 */
export interface ActorRef<in M> {
  /** Where the actor lives, for people: `/agent/service:web/runner`. Not an address to look up. */
  readonly path: string;
  /** Hands over a message and returns at once. Never throws, and never runs the receiver inline. */
  readonly tell: (message: M) => TellOutcome;
}

/**
 * Where the answer to an ask goes. It takes exactly one answer; a second or a late one is a dead
 * letter. Any reference is a `ReplyTo`, so an actor may also ask for the answer to go elsewhere.
 */
export type ReplyTo<R> = ActorRef<R>;

/**
 * The reply type of a message: what the field `replyTo` takes in that variant of the protocol `M`
 * which `N` is one of.
 */
export type ReplyOf<M, N> = M extends unknown
  ? N extends M ? M extends { readonly replyTo: ActorRef<infer R> } ? R : never : never
  : never;

/** A message that carries the reference for its answer in the field `replyTo`. */
export interface Asking {
  readonly replyTo: ActorRef<never>;
}

/**
 * The key under which references of this runtime let others learn of their end. Internal: it is
 * not part of {@linkcode ActorRef}, so that anybody can write a reference of their own.
 */
export const onTermination: unique symbol = Symbol("rollcall.actor.onTermination");

/** Called once with the reason when the thing behind a reference has ended for good. */
export type TerminationListener = (reason: StopReason) => void;

/** A reference whose end can be observed. */
export interface Watchable {
  /**
   * Registers a listener and returns its removal. On a reference that has ended, it is called
   * before this returns.
   */
  [onTermination](listener: TerminationListener): () => void;
}

/**
 * The key under which a reference for an answer shows the ask behind it, to references that lead
 * elsewhere: they pass its deadline on, and know reasons of their own why there is no answer.
 * Internal.
 */
export const askBehind: unique symbol = Symbol.for("rollcall.actor.askBehind");

/** An ask as the reference sees it that carries its question elsewhere. */
export interface AskBehind {
  /** How long the answer may take, in milliseconds, as told by the asker. */
  readonly timeoutMs: number;
  /** Ends it without an answer; of no effect if it has ended. */
  fail(code: AskErrorCode, what: string): void;
}

/** Whether the end of what this reference names can be observed. */
export function isWatchable<R extends object>(ref: R): ref is R & Watchable {
  return onTermination in ref;
}
