/**
 * One life of an actor, from `init` to its end: the context that the actor works with, and all that
 * it started. When an incarnation ends, everything in here ends with it.
 *
 * @module
 */

import { AdapterRef } from "./adapter.ts";
import { type AskOutcome, startAsk } from "./ask.ts";
import type { Cell } from "./cell.ts";
import type { Supervision } from "./control.ts";
import type { Cancel, Clock } from "./clock.ts";
import {
  type ActorContext,
  type ActorDefinition,
  type AskMapping,
  OWNED_WORK_LIMIT,
  type PipeMapping,
} from "./definition.ts";
import { ActorError } from "./errors.ts";
import { type ActorLogger, scopedLogger } from "./logger.ts";
import { Envelope, takenBack } from "./mailbox.ts";
import { OwnedTimers, type TimersOwner } from "./owned_timers.ts";
import type { Random } from "./random.ts";
import { type ActorRef, isWatchable, onTermination, type ReplyTo } from "./ref.ts";

/** A task of `pipeToSelf`. */
interface Task {
  readonly controller: AbortController;
  readonly key: string | undefined;
  /** Whether the actor took it back: then nobody misses its outcome. */
  cancelled: boolean;
}

/** See {@linkcode ActorContext}. Untyped in itself; `spawn` in cell.ts is where types are dropped. */
export class Incarnation implements ActorContext<unknown>, TimersOwner {
  /** The last state that was returned; meaningless until `initialised`. */
  state: unknown = undefined;
  /** Whether `init` has returned, and `onStop` is therefore owed. */
  initialised = false;
  /** Whether it has begun to end. */
  ended = false;
  /** When it began, on the monotonic clock. */
  readonly startedAtMs: number;

  readonly #cell: Cell;
  readonly timers: OwnedTimers = new OwnedTimers(this);
  // Made at first use: most actors use few of these, and there may be very many actors.
  #log: ActorLogger | undefined;
  #controller: AbortController | undefined;
  #tasks: Set<Task> | undefined;
  #asks: Set<Cancel> | undefined;
  #watches: Map<ActorRef<never>, Cancel> | undefined;
  #adapters: Set<AdapterRef> | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.startedAtMs = cell.runtime.clock.monotonicMs();
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
  get random(): Random {
    return this.#cell.runtime.random;
  }
  get log(): ActorLogger {
    return this.#log ??= scopedLogger(this.#cell.runtime.log, { actor: this.path });
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.ended) this.#controller.abort();
    return this.#controller.signal;
  }

  spawn<S2, M2>(name: string, definition: ActorDefinition<S2, M2>): ActorRef<M2> {
    const child = this.#cell.makeChild(name, definition, this.ended ? "stillborn" : "plain");
    child.start();
    return child.ref;
  }

  /** Makes a child that restarts, without starting it. For supervisors only. */
  makeSupervised<S2, M2>(
    name: string,
    definition: ActorDefinition<S2, M2>,
    supervision: Supervision,
  ): Cell {
    return this.#cell.makeChild(name, definition, this.ended ? "stillborn" : supervision);
  }

  stop(child: ActorRef<never>): void {
    if (!this.ended) this.#cell.stopChild(child);
  }

  stopSelf(): void {
    if (!this.ended) this.#cell.stopSelf();
  }

  watch(ref: ActorRef<never>): void {
    if (this.ended || this.isWatching(ref)) return;
    if (!isWatchable(ref)) {
      throw new ActorError(
        "not_watchable",
        `watch ${ref.path}: expected a reference made by this runtime, this one's end cannot be seen`,
      );
    }
    const watches = this.#watches ??= new Map();
    // Entered first: on an actor that has ended the listener is called inline.
    watches.set(ref, () => {});
    const undo = ref[onTermination]((reason) => {
      this.#cell.control({ kind: "terminated", incarnation: this, ref, reason });
    });
    watches.set(ref, undo);
  }

  unwatch(ref: ActorRef<never>): void {
    this.#watches?.get(ref)?.();
    this.#watches?.delete(ref);
  }

  /** Whether the actor still wants to know of the end of this one. */
  isWatching(ref: ActorRef<never>): boolean {
    return this.#watches?.has(ref) ?? false;
  }

  pipeToSelf<T>(
    run: (signal: AbortSignal) => Promise<T>,
    map: PipeMapping<T, unknown>,
    options: { readonly key?: string } = {},
  ): void {
    if (this.ended) return;
    if (options.key !== undefined) this.cancelTask(options.key);
    this.checkOwnedWork();
    const task: Task = { controller: new AbortController(), key: options.key, cancelled: false };
    const tasks = this.#tasks ??= new Set();
    tasks.add(task);
    const settle = (content: unknown, toMessage: () => unknown): void => {
      const open = (): unknown => {
        tasks.delete(task);
        return task.cancelled ? takenBack : toMessage();
      };
      if (!task.cancelled) this.deliver(new Envelope(open, content, true));
    };
    // An async function, so that a task that throws before its first await rejects as well.
    (async () => await run(task.controller.signal))().then(
      (value) => {
        if (this.ended && !task.cancelled) this.#cell.bury(value, "stale");
        else settle(value, () => map.ok(value));
      },
      // After the end an error is most often the abort that the end itself caused: no dead letter.
      (error: unknown) => settle(error, () => map.error(error)),
    );
  }

  cancelTask(key: string): void {
    for (const task of this.#tasks ?? []) {
      if (task.key !== key || task.cancelled) continue;
      task.cancelled = true;
      task.controller.abort();
      this.#tasks?.delete(task);
    }
  }

  ask<M2, R>(
    target: ActorRef<M2>,
    build: (replyTo: ReplyTo<R>) => M2,
    options: AskMapping<R, unknown>,
  ): void {
    if (this.ended) return;
    this.checkOwnedWork();
    const asks = this.#asks ??= new Set();
    const settle = (outcome: AskOutcome<R>): void => {
      const content = outcome.ok ? outcome.reply : outcome.error;
      this.deliver(
        new Envelope(
          () => {
            asks.delete(cancel);
            return outcome.ok ? options.ok(outcome.reply) : options.error(outcome.error);
          },
          content,
          true,
        ),
      );
    };
    let cancel: Cancel = () => {};
    cancel = startAsk(target, build, { timeoutMs: options.timeoutMs, clock: this.clock, settle });
    asks.add(cancel);
  }

  adapt<X>(map: (foreign: X) => unknown): ActorRef<X> {
    // The adapter hands `map` only what came in through the returned reference, which takes X.
    const adapter = new AdapterRef(this.#cell, map as (foreign: unknown) => unknown);
    if (this.ended) adapter.end({ kind: "normal" });
    else (this.#adapters ??= new Set()).add(adapter);
    return adapter;
  }

  deliver(envelope: Envelope): void {
    if (!this.ended) this.#cell.deliver(envelope);
  }

  checkOwnedWork(): void {
    const owned = this.timers.size + (this.#tasks?.size ?? 0) + (this.#asks?.size ?? 0);
    if (owned < OWNED_WORK_LIMIT) return;
    throw new ActorError(
      "too_much_owned_work",
      `start work in ${this.path}: expected fewer than ${OWNED_WORK_LIMIT} timers, tasks and asks ` +
        `in flight, there are ${owned}; wait for some to end before starting more`,
    );
  }

  /** Ends all that was started here, children excepted: those take time, the cell sees to them. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timers.end();
    for (const cancel of this.#asks ?? []) cancel();
    for (const undo of this.#watches?.values() ?? []) undo();
    this.#watches?.clear();
    for (const adapter of this.#adapters ?? []) adapter.end({ kind: "normal" });
    for (const task of this.#tasks ?? []) task.controller.abort();
    this.#controller?.abort();
  }
}
