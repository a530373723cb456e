/**
 * What the author of an actor works with: the definition, the context and the signals. This file has
 * only types and the defaults that belong to them.
 *
 * @module
 */

import type { ActorRef, Asking, ReplyOf, ReplyTo } from "./ref.ts";
import type { AskError } from "./errors.ts";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";
import type { ActorLogger } from "./logger.ts";
import { type StopReason } from "./stop_reason.ts";

/**
 * What an actor learns by a system message, ahead of the messages that wait in its mailbox.
 *
 * - `terminated`: an actor that it watches has ended for good. (A restart is not an end.)
 * - `child_failed`: a child that it spawned has failed and ended. Supervisors handle this by
 *   themselves; any other actor without an `onSignal` fails in turn.
 */
export type Signal =
  | { readonly type: "terminated"; readonly ref: ActorRef<never>; readonly reason: StopReason }
  | { readonly type: "child_failed"; readonly ref: ActorRef<never>; readonly error: unknown };

/** The bound of a mailbox, and which message is dropped when it is exceeded. */
export interface MailboxOptions {
  /**
   * Messages that may wait. Default 1024: some milliseconds of work for an ordinary actor. A larger
   * mailbox does not help an actor that is too slow, it only makes each answer later.
   */
  readonly capacity?: number;
  /**
   * Default `drop_newest`: the new message is dropped and `tell` says so; messages that were accepted
   * are kept. `drop_oldest` is for actors that need the latest state rather than the history.
   */
  readonly overflow?: "drop_newest" | "drop_oldest";
}

/** The default bound of a mailbox, in messages; see {@linkcode MailboxOptions}. */
export const DEFAULT_MAILBOX_CAPACITY = 1024;

/**
 * How long an `onStop` may take unless stated otherwise, in milliseconds. 5000, as in OTP: enough to
 * close connections, short enough that a stuck child does not hold up the stop of a whole host.
 */
export const DEFAULT_STOP_DEADLINE_MS = 5_000;

/**
 * Timers, tasks and asks that one actor may have in flight. Their outcomes are never dropped because a
 * mailbox is full, so this bounds them. An actor that reaches it starts work faster than work ends.
 */
export const OWNED_WORK_LIMIT = 4096;

/**
 * Messages that an actor has put aside for later, in their order. At a restart they go back into the
 * mailbox ahead of the others; at the end they are dead letters like those that wait.
 *
 * The product does not use it: it is for the library's users, and for state machines that postpone.
 */
export interface ActorStash {
  /** Messages in the stash. */
  readonly size: number;
  /**
   * Puts the current message aside: it counts as not handled.
   *
   * @throws {ActorError} `stash_full`; `no_current_message` outside `receive`, or when the current
   * message is in the stash already.
   */
  hold(): void;
  /** Puts all messages back into the mailbox, ahead of those that wait, in their order. */
  release(): void;
}

/** An actor's behaviour: how it starts, handles one message, and ends. */
export interface ActorDefinition<S, M> {
  /** What kind of actor this is, for people who look at the tree. Default: the name it is spawned under. */
  readonly name?: string;
  /** The bound of the mailbox. */
  readonly mailbox?: MailboxOptions;
  /** Messages that {@linkcode ActorContext.stash} may hold. Default 1024. */
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
   * Returns what people who look at the tree see of the state: small, plain data. Called between
   * messages. If it throws, the tree shows the error, and nothing else changes.
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
  /** Cancels a timer. A tick of it that is already in the mailbox is not delivered either. */
  cancel(key: string): void;
  /** Whether a tick under this key is still to be delivered. */
  isActive(key: string): boolean;
}

/** How the outcome of a task becomes a message. Both functions run as part of the actor's turn. */
export interface PipeMapping<T, M> {
  /** Makes a message of what the task resolved to. A throw is a failure of the actor. */
  readonly ok: (value: T) => M;
  /** Makes a message of what the task threw or rejected with. A throw is a failure of the actor. */
  readonly error: (error: unknown) => M;
}

/** How the outcome of an ask becomes a message. Both functions run as part of the actor's turn. */
export interface AskMapping<R, M> {
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Makes a message of the answer. */
  readonly ok: (reply: R) => M;
  /** Makes a message of the reason why there is no answer. */
  readonly error: (error: AskError) => M;
}

/**
 * What an actor works with. A context belongs to one incarnation: all that was started through it ends
 * with that incarnation, and calls after that have no effect.
 */
export interface ActorContext<M> {
  /** The actor's own reference; the same in every incarnation. */
  readonly self: ActorRef<M>;
  /** The actor's path: `/agent/service:web/runner`. */
  readonly path: string;
  /** The system's clock. */
  readonly clock: Clock;
  /** The system's source of randomness. */
  readonly random: Random;
  /** A logger that adds the actor's path to each record. */
  readonly log: ActorLogger;
  /** Aborted as soon as this incarnation begins to end. */
  readonly signal: AbortSignal;
  /** The timers of this incarnation. */
  readonly timers: ActorTimers<M>;
  /** Messages that this actor has put aside for later. */
  readonly stash: ActorStash;
  /**
   * When the asker of the current message gives up, on the monotonic clock; undefined if the message
   * is no ask. Further asks on the asker's behalf have `context.deadlineMs - context.clock.nowMs()`
   * milliseconds left.
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
   * Stops a child. The child finishes its current message, not those that wait. To learn when it has
   * ended, watch it.
   *
   * @throws {ActorError} `not_a_child` if it is not a child of this actor.
   */
  stop(child: ActorRef<never>): void;
  /** Ends this actor after the current message. */
  stopSelf(): void;
  /**
   * Requests the signal `terminated` for the time when that actor has ended for good; if it already
   * has, the signal comes at once. Watching twice has the effect of watching once.
   *
   * @throws {ActorError} `not_watchable` if the reference is not one of this runtime.
   */
  watch(ref: ActorRef<never>): void;
  /** Ends a watch. A signal that is already waiting is not delivered either. */
  unwatch(ref: ActorRef<never>): void;
  /**
   * Links this incarnation with that actor's current one: if one fails, the other fails with
   * `linked_failed`. An end that is no failure has no effect on the other. Linking to an actor that
   * is not running is a failure at once. Linking twice has the effect of linking once.
   *
   * The product does not use it: it is for the library's users. Supervision strategies do the same for
   * siblings.
   *
   * @throws {ActorError} `not_watchable` if the reference is not one of an actor of this process.
   */
  link(ref: ActorRef<never>): void;
  /** Removes a link, at both ends. */
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
   * Sends a message that asks for an answer, and delivers the answer as a message. The type of the
   * answer follows from the field `replyTo` of the message.
   */
  ask<M2, const N extends M2 & Asking>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<unknown>) => N,
    options: AskMapping<ReplyOf<M2, N>, M>,
  ): void;
  /**
   * Asks with a message whose reference for the answer is not in the field `replyTo`: state the type of
   * the answer at the parameter of `build`.
   */
  ask<M2, R>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<R>) => M2,
    options: AskMapping<R, M>,
  ): void;
  /**
   * Makes a reference for another protocol: `map` translates its messages into this actor's. The
   * reference ends with this incarnation: a restarted actor makes a new one and hands it out. The
   * translation runs as part of the actor's turn. Messages through it count against the mailbox's
   * capacity like any others.
   */
  adapt<X>(map: (foreign: X) => M): ActorRef<X>;
}
