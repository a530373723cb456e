/**
 * One life of an actor, from `init` to its end: the context that the actor works with, and all that
 * it started. When an incarnation ends, everything in here ends with it.
 *
 * @module
 */

import { AdapterRef } from "./message_adapter.ts";
import { OwnedResources } from "./owned_resources.ts";
import type { Cell } from "./cell.ts";
import { stopChild } from "./children.ts";
import { CellRef } from "./cell_ref.ts";
import type { Clock } from "../clock.ts";
import type { Supervision } from "./system_messages.ts";
import type { Deadlines } from "../dispatch/deadlines.ts";
import { type StopReason } from "../stop_reason.ts";
import {
  type ActorContext,
  type ActorDefinition,
  type ActorStash,
  type ActorTimers,
  type AskMapping,
  OWNED_WORK_LIMIT,
  type PipeMapping,
} from "../actor_definition.ts";
import { ActorError } from "../errors.ts";
import { EMPTY } from "../dispatch/ring_queue.ts";
import { type ActorLogger, scopedLogger } from "../logger.ts";
import type { Envelope } from "../dispatch/mailbox.ts";
import { type Linked, Links } from "./links.ts";
import { PendingAsk } from "./pending_ask.ts";
import { Stash, type StashOwner } from "./stash.ts";
import { OwnedAsks } from "./owned_asks.ts";
import { OwnedTasks } from "./owned_tasks.ts";
import { OwnedTimers } from "./owned_timers.ts";
import type { Owner } from "./owner.ts";
import type { Random } from "../random.ts";
import type { ActorRef, ReplyTo } from "../ref.ts";
import { DeathWatch } from "./death_watch.ts";

/** One life of an actor, and the context that its functions get. Untyped: see `Cell.makeChild`. */
export class Incarnation implements ActorContext<unknown>, Owner, Linked, StashOwner {
  /** The last state that was returned; meaningless until `initialised`. */
  state: unknown = undefined;
  /** Whether `init` has returned, so that `onStop` must be called. */
  initialised = false;
  /** Whether this incarnation has begun to end. */
  ended = false;

  readonly #cell: Cell;
  #resources: OwnedResources | undefined = undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  get self(): ActorRef<unknown> {
    return this.#cell.ref;
  }
  get path(): string {
    return this.#cell.path;
  }
  get clock(): Clock {
    return this.#cell.runtime.clock;
  }
  get deadlines(): Deadlines {
    return this.#cell.runtime.deadlines;
  }
  get random(): Random {
    return this.#cell.runtime.random;
  }
  get #ownedResources(): OwnedResources {
    return this.#resources ??= new OwnedResources();
  }
  get log(): ActorLogger {
    return this.#ownedResources.log ??= scopedLogger(this.#cell.runtime.log, { actor: this.path });
  }
  get signal(): AbortSignal {
    const controller = this.#ownedResources.controller ??= new AbortController();
    if (this.ended) controller.abort();
    return controller.signal;
  }
  get timers(): ActorTimers<unknown> {
    return this.#ownedResources.timers ??= new OwnedTimers(this);
  }

  get stash(): ActorStash {
    return this.#ownedResources.stash ??= new Stash(this, this.#cell.definition.stashCapacity);
  }
  get currentAsk(): PendingAsk<never> | undefined {
    const entry = this.ended ? EMPTY : this.#cell.currentEntry;
    return entry instanceof PendingAsk ? entry : undefined;
  }
  get deadlineMs(): number | undefined {
    return this.currentAsk?.dueMs;
  }
  get links(): Links {
    return this.#ownedResources.links ??= new Links(this);
  }

  spawn<S2, M2>(name: string, definition: ActorDefinition<S2, M2>): ActorRef<M2> {
    const supervision = this.ended ? "stillborn" : "unsupervised";
    const child = this.#cell.makeChild(name, { definition, supervision });
    child.start();
    return child.ref;
  }

  /** Makes a child that restarts, without starting it. For supervisors only. */
  makeSupervised<S2, M2>(
    name: string,
    definition: ActorDefinition<S2, M2>,
    supervision: Supervision,
  ): Cell & { readonly ref: ActorRef<M2> } {
    return this.#cell.makeChild(name, {
      definition,
      supervision: this.ended ? "stillborn" : supervision,
    });
  }

  stop(child: ActorRef<never>): void {
    if (!this.ended) stopChild(this.#cell, child);
  }

  stopSelf(): void {
    if (!this.ended) this.#cell.stopSelf();
  }

  watch(ref: ActorRef<never>): void {
    if (this.ended) return;
    const watches = this.#ownedResources.watches ??= new DeathWatch(this.path, (ended, reason) => {
      this.#cell.sendSystemMessage({ kind: "terminated", incarnation: this, ref: ended, reason });
    });
    watches.add(ref);
  }

  unwatch(ref: ActorRef<never>): void {
    this.#resources?.watches?.remove(ref);
  }

  /** Whether the actor still watches this one. */
  isWatching(ref: ActorRef<never>): boolean {
    return this.#resources?.watches?.has(ref) ?? false;
  }

  link(ref: ActorRef<never>): void {
    const cell = this.#linkable(ref);
    if (this.ended || cell === this.#cell) return;
    const other = cell.incarnation;
    if (other === undefined || other.ended) {
      this.onLinkedFailure(cell.path, { kind: "shutdown" });
    } else this.links.add(other);
  }

  unlink(ref: ActorRef<never>): void {
    const other = this.#linkable(ref).incarnation;
    if (other !== undefined) this.#resources?.links?.remove(other);
  }

  #linkable(ref: ActorRef<never>): Cell {
    const cell = CellRef.cellOf(ref);
    if (cell !== undefined) return cell;
    throw new ActorError(
      "not_watchable",
      `link ${this.path} to ${ref.path}: expected the reference of an actor of this process`,
    );
  }

  onLinkedFailure(path: string, reason: StopReason): void {
    const error = new ActorError(
      "linked_failed",
      `link ${this.path} to ${path}: expected it to run, it has ${
        reason.kind === "failed" ? "failed" : "ended"
      }`,
      reason.kind === "failed" ? { cause: reason.error } : undefined,
    );
    this.#cell.sendSystemMessage({ kind: "linked_failure", incarnation: this, error });
  }

  pipeToSelf<T>(
    task: (signal: AbortSignal) => Promise<T>,
    map: PipeMapping<T, unknown>,
    options: { readonly key?: string } = {},
  ): void {
    if (!this.ended) {
      (this.#ownedResources.tasks ??= new OwnedTasks(this)).run(task, map, options.key);
    }
  }

  cancelTask(key: string): void {
    this.#resources?.tasks?.cancel(key);
  }

  ask<M2, R>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<R>) => M2,
    options: AskMapping<R, unknown>,
  ): void {
    if (!this.ended) {
      (this.#ownedResources.asks ??= new OwnedAsks(this, this.#cell)).start(target, build, options);
    }
  }

  adapt<X>(map: (foreign: X) => unknown): ActorRef<X> {
    // The adapter hands `map` only what came in through the returned reference, which takes X.
    const adapter = new AdapterRef(this.#cell, map as (foreign: unknown) => unknown);
    if (this.ended) adapter.end({ kind: "normal" });
    else (this.#ownedResources.adapters ??= new Set()).add(adapter);
    return adapter;
  }

  takeCurrentEntry(): unknown {
    // The cell's current entry may be the next incarnation's.
    const entry = this.ended ? EMPTY : this.#cell.takeCurrentEntry();
    if (entry !== EMPTY) return entry;
    throw new ActorError(
      "no_current_message",
      `put a message aside in ${this.path}: expected one that is being handled and was not put ` +
        "aside, there is none",
    );
  }

  putBack(entries: readonly unknown[]): void {
    this.#cell.putBack(entries);
  }

  deliver(envelope: Envelope): void {
    if (!this.ended) this.#cell.deliverOwned(envelope);
  }

  deadLetterStale(content: unknown): void {
    this.#cell.deadLetter(content, "stale");
  }

  checkOwnedWork(): void {
    const owned = this.#resources?.work ?? 0;
    if (owned < OWNED_WORK_LIMIT) return;
    throw new ActorError(
      "too_much_owned_work",
      `start work in ${this.path}: expected fewer than ${OWNED_WORK_LIMIT} timers, tasks and asks ` +
        `in flight, there are ${owned}; wait for some to end before starting more`,
    );
  }

  /** Ends all that this incarnation has started, except its children: they are ended by the termination. */
  end(reason: StopReason): void {
    if (this.ended) return;
    this.ended = true;
    this.#resources?.end(this.path, reason);
  }
}
