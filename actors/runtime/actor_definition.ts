/**
 * What an actor is made of, as its author sees it: the definition, the context it works with, the
 * signals it may get. Only types and the defaults that belong to them; nothing here runs.
 *
 * @module
 */

import type { ActorRef, Asking, ReplyOf, ReplyTo } from "./ref.ts";
import type { AskError } from "./errors.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import type { ActorLogger } from "./logger.ts";

/**
 * Why an actor, or one incarnation of it, ended.
 *
 * - `normal`: it stopped itself.
 * - `shutdown`: its parent, its supervisor or the system stopped it.
 * - `sibling_failed`: its supervisor restarts it together with a sibling that failed.
 * - `failed`: it threw; `error` is what it threw.
 */
export type StopReason =
  | { readonly kind: "normal" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "sibling_failed" }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * What an actor learns through the control lane, ahead of its waiting messages.
 *
 * - `terminated`: an actor that it watches has ended for good. (A restart is not an end.)
 * - `child_failed`: an actor that it spawned failed and has ended. Supervisors deal with this by
 *   themselves; any other actor that has no `onSignal` fails in turn.
 */
export type Signal =
  | { readonly type: "terminated"; readonly ref: ActorRef<never>; readonly reason: StopReason }
  | { readonly type: "child_failed"; readonly ref: ActorRef<never>; readonly error: unknown };

/** How many messages may wait, and which one goes when one too many arrives. */
export interface MailboxOptions {
  /**
   * Messages that may wait. Default 1024: some milliseconds of work for an ordinary actor. More
   * would not help one that is too slow, it would only make each answer later.
   */
  readonly capacity?: number;
  /**
   * Default `drop_newest`: the sender learns of it from `tell`, and what was accepted is kept.
   * `drop_oldest` is for actors that want the latest state of something rather than its history.
   */
  readonly overflow?: "drop_newest" | "drop_oldest";
}

/** Waiting messages of an actor that says nothing else; see {@linkcode MailboxOptions}. */
export const DEFAULT_MAILBOX_CAPACITY = 1024;

/**
 * How long an `onStop` may take unless stated otherwise, in milliseconds. 5000, as in OTP: enough to
 * close connections, short enough that a stuck child does not hold up the stop of a whole host.
 */
export const DEFAULT_STOP_DEADLINE_MS = 5_000;

/**
 * Timers, tasks and asks that one actor may have in flight. Their results are never dropped for want
 * of room, so this is what bounds them. An actor that reaches it starts work faster than it ends.
 */
export const OWNED_WORK_LIMIT = 4096;

/**
 * Messages put aside for later, in their order. At a restart they go back into the mailbox ahead of
 * the others; at the end they are dead letters like those that wait.
 */
export interface ActorStash {
  /** How many are put aside. */
  readonly size: number;
  /**
   * Puts the message in hand aside: it counts as not handled.
   *
   * @throws {ActorError} `stash_full`; `nothing_in_hand` outside `receive`, or if it was done before.
   */
  hold(): void;
  /** Puts all back into the mailbox, ahead of those that wait, in their order. */
  release(): void;
}

/** An actor's behaviour: how it starts, handles one message, and ends. */
export interface ActorDefinition<S, M> {
  /** What kind of actor this is, for people who look at the tree. Default: the name it is spawned under. */
  readonly name?: string;
  /** The bound of its mailbox. */
  readonly mailbox?: MailboxOptions;
  /** Messages that may be put aside in {@linkcode ActorContext.stash}. Default 1024. */
  readonly stashCapacity?: number;
  /** How long `onStop` may take, in milliseconds. Default {@linkcode DEFAULT_STOP_DEADLINE_MS}. */
  readonly stopDeadlineMs?: number;
  /**
   * Makes the first state. Runs before `spawn` returns, and again at every restart. It starts slow
   * work through the context and does not wait for it. A throw is a failure.
   */
  readonly init: (context: ActorContext<M>) => S;
  /** Handles one message and returns the next state. A throw is a failure. */
  readonly receive: (state: S, message: M, context: ActorContext<M>) => S;
  /** Handles one signal and returns the next state. A throw is a failure. */
  readonly onSignal?: (state: S, signal: Signal, context: ActorContext<M>) => S;
  /**
   * Cleans up after one incarnation, when its children are gone and its timers, tasks and asks are
   * cancelled. Gets the last state that was returned. Not called if `init` threw. A throw or a
   * rejection is logged and changes nothing.
   */
  readonly onStop?: (
    state: S,
    context: ActorContext<M>,
    reason: StopReason,
  ) => void | Promise<void>;
  /**
   * What to show of the state to people who look at the tree: small, plain data. Called between
   * messages. A throw shows as such and changes nothing.
   */
  readonly summarize?: (state: S) => unknown;
}

/** Timers of one incarnation, by key. Setting a key again replaces its timer. */
export interface ActorTimers<in M> {
  /** Delivers the message to the actor itself once, after `delayMs` milliseconds. */
  after(key: string, delayMs: number, message: M): void;
  /**
   * Delivers the message every `periodMs` milliseconds, first after one period. At most one tick
   * per key waits in the mailbox: an actor that is late skips ticks, it does not collect them.
   */
  every(key: string, periodMs: number, message: M): void;
  /** Cancels it. A tick that is already in the mailbox is not delivered either. */
  cancel(key: string): void;
  /** Whether a tick under this key is still to be delivered. */
  isActive(key: string): boolean;
}

/** How the outcome of a task comes back as a message. Both run as part of the actor's turn. */
export interface PipeMapping<T, M> {
  /** Makes a message of what the task resolved to. A throw is a failure of the actor. */
  readonly ok: (value: T) => M;
  /** Makes a message of what the task threw or rejected with. A throw is a failure of the actor. */
  readonly error: (error: unknown) => M;
}

/** How an answer, or its absence, comes back as a message. Both run as part of the actor's turn. */
export interface AskMapping<R, M> {
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Makes a message of the answer. */
  readonly ok: (reply: R) => M;
  /** Makes a message of the reason why there is none. */
  readonly error: (error: AskError) => M;
}

/**
 * What an actor works with. It belongs to one incarnation: all that was started through it ends
 * with that incarnation, and what is asked of it afterwards has no effect.
 */
export interface ActorContext<M> {
  /** The actor's own reference; the same in every incarnation. */
  readonly self: ActorRef<M>;
  /** The actor's path: `/agent/service:web/runner`. */
  readonly path: string;
  /** Time. */
  readonly clock: Clock;
  /** Randomness. */
  readonly random: Random;
  /** A logger that adds the actor's path. */
  readonly log: ActorLogger;
  /** Aborted as soon as this incarnation begins to end. */
  readonly signal: AbortSignal;
  /** Timers. */
  readonly timers: ActorTimers<M>;
  /** Messages put aside for later. */
  readonly stash: ActorStash;
  /**
   * When the asker of the message in hand gives up, on the monotonic clock; undefined if the message
   * is no ask. For asks of one's own on its behalf: what is left is
   * `context.deadlineMs - context.clock.nowMs()`.
   */
  readonly deadlineMs: number | undefined;

  /**
   * Starts a child: its `init` has run when this returns. If the child fails, it ends and this
   * actor gets the signal `child_failed`; for children that restart, spawn a supervisor.
   *
   * @throws {ActorError} `name_taken` while a child of that name exists, which it does until it has
   * ended for good: at the signal `terminated` the name is free. `invalid_name` if it is empty, longer
   * than 200 characters or has a slash.
   */
  spawn<S2, M2>(name: string, definition: ActorDefinition<S2, M2>): ActorRef<M2>;
  /**
   * Stops a child. It finishes the message in hand, not those that wait. To hear when it is gone,
   * watch it.
   *
   * @throws {ActorError} `not_a_child` if it is not a child of this actor.
   */
  stop(child: ActorRef<never>): void;
  /** Ends this actor after the message in hand. */
  stopSelf(): void;
  /**
   * Asks for the signal `terminated` when that actor has ended for good; if it already has, the
   * signal comes at once. Watching twice is watching once.
   *
   * @throws {ActorError} `not_watchable` if the reference is not one of this runtime.
   */
  watch(ref: ActorRef<never>): void;
  /** Takes a watch back. Even a signal that is already waiting is not delivered. */
  unwatch(ref: ActorRef<never>): void;
  /**
   * Ties this incarnation and that actor's together: if one fails, the other fails with
   * `linked_failed`. An end that is no failure passes nothing on. Linking to an actor that is not
   * running is a failure at once. Linking twice is linking once.
   *
   * @throws {ActorError} `not_watchable` if the reference is not one of an actor of this process.
   */
  link(ref: ActorRef<never>): void;
  /** Takes a link back, at both ends. */
  unlink(ref: ActorRef<never>): void;
  /**
   * Runs a task now and delivers its outcome as a message. The task's signal is aborted when this
   * incarnation ends, when the task is cancelled, or when another task takes over its key.
   */
  pipeToSelf<T>(
    task: (signal: AbortSignal) => Promise<T>,
    map: PipeMapping<T, M>,
    options?: { readonly key?: string },
  ): void;
  /** Aborts the task under that key; its outcome is not delivered, even if it is waiting. */
  cancelTask(key: string): void;
  /**
   * Sends a message that asks for an answer and delivers that as a message. The type of the answer
   * follows from the field `replyTo` of the message.
   */
  ask<M2, const N extends M2 & Asking>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<unknown>) => N,
    options: AskMapping<ReplyOf<M2, N>, M>,
  ): void;
  /** For messages that carry the reference elsewhere: say the type of the answer at `replyTo`. */
  ask<M2, R>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<R>) => M2,
    options: AskMapping<R, M>,
  ): void;
  /**
   * Makes a reference for another protocol, whose messages reach this actor translated. It ends
   * with this incarnation: a restarted actor makes and hands out a new one. The translation runs as
   * part of the actor's turn. Messages through it count as the actor's own in its mailbox.
   */
  adapt<X>(map: (foreign: X) => M): ActorRef<X>;
}
