/**
 * What stays of an actor over its restarts. The room `cell/` is the inside of one actor: the cell with
 * its mailbox and place in the tree, the incarnation that is running, and what that incarnation owns
 * (timers, tasks, asks, watches). References and the parent put messages and system messages into a
 * cell; the dispatcher runs the cell, which hands them to its incarnation; outcomes of the
 * incarnation's own work come back through the cell's mailbox.
 *
 * @module
 */

import { CellRef } from "./cell_ref.ts";
import { checkChildName } from "./children.ts";
import {
  type ChildEnd,
  onChildEnd,
  type SystemMessage,
  type WatchedEnd,
} from "./system_messages.ts";
import type { StopReason } from "../stop_reason.ts";
import type { ActorDefinition, Signal } from "../actor_definition.ts";
import { Termination } from "./termination.ts";
import { type ActorError, childFailed, deathPact } from "../errors.ts";
import { EMPTY } from "../dispatch/ring_queue.ts";
import { Incarnation } from "./incarnation.ts";
import { Envelope, takenBack, Wrapped } from "../dispatch/mailbox.ts";
import { CellBase } from "./cell_base.ts";
import type { ErasedDefinition, Supervision } from "./system_messages.ts";
import type { ActorRef } from "../ref.ts";
import { isRestarted } from "../supervision/restart_policy.ts";
import {
  carriedBy,
  carry,
  Carrying,
  handleWithHooks,
  type HandlingFailure,
  type MessageHooks,
  type Tracers,
} from "../observe/tracing.ts";

/** The system messages that end an incarnation. They carry no data, so all cells share them. */
const END_NORMALLY = { kind: "end", reason: { kind: "normal" } } as const;
const SHUT_DOWN = { kind: "end", reason: { kind: "shutdown" } } as const;
const END_WITH_SIBLING = { kind: "end", reason: { kind: "sibling_failed" } } as const;

/** Runs one incarnation of an actor after the other, hands each its messages, and ends it. */
export class Cell extends CellBase {
  readonly ref: ActorRef<unknown> = new CellRef(this);
  /** The mailbox entry that is being handled; `EMPTY` if there is none, or if it is in the stash. */
  currentEntry: unknown = EMPTY;
  /** The listeners that trace what this actor handles. */
  tracers: Tracers | undefined = undefined;
  /** The message that was in the current entry, if it was wrapped. */
  #openedMessage: unknown = undefined;
  /** What message hooks attached to the current entry. */
  #carried: unknown = undefined;
  #incarnation: Incarnation | undefined = undefined;
  #incarnations = 0;
  #termination: Termination | undefined = undefined;

  /** The current incarnation; undefined before the first and after the last. */
  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }
  /** Incarnations beyond the first. */
  get restarts(): number {
    return Math.max(0, this.#incarnations - 1);
  }

  // --- Children -------------------------------------------------------------------------------

  /**
   * Makes a child without starting it. A `stillborn` child has ended before it began: an actor that
   * spawns after its own end gets one.
   */
  makeChild<S, M>(
    name: string,
    { definition, supervision }: {
      readonly definition: ActorDefinition<S, M>;
      readonly supervision: Supervision | "unsupervised" | "stillborn";
    },
  ): Cell & { readonly ref: ActorRef<M> } {
    const isStillborn = supervision === "stillborn" || this.isClosed;
    checkChildName(this, name, isStillborn);
    // Only here are the types of an actor dropped. That is safe: its state comes from its own functions
    // alone, and its messages come through its reference alone, which is typed again below.
    const erased = definition as unknown as ErasedDefinition;
    if (isStillborn) {
      const stillborn = new Cell(this.runtime, erased, {
        name,
        parent: this,
        supervision: undefined,
      });
      stillborn.finalise({ kind: "shutdown" }, "silently");
      return stillborn;
    }
    const children = this.children ??= new Map<string, Cell>();
    // A child of that name may have ended without the parent having handled its end. It is deleted, not
    // replaced: a map keeps the position of a key, and children are in the order of their starts.
    children.delete(name);
    const child = new Cell(this.runtime, erased, {
      name,
      parent: this,
      supervision: supervision === "unsupervised" ? undefined : supervision,
    });
    children.set(name, child);
    return child;
  }

  // --- Running --------------------------------------------------------------------------------

  /** Starts an incarnation. When this returns, `init` has returned or thrown. */
  start(): void {
    if (this.closed || this.currentStatus === "running" || this.currentStatus === "ending") return;
    const { counters, recorder, dispatcher } = this.runtime;
    const isRestart = this.#incarnations++ > 0;
    if (isRestart) counters.restarts++;
    recorder.record(isRestart ? "restarted" : "started", this, dispatcher.turnBeganMs);
    const incarnation = new Incarnation(this);
    this.#incarnation = incarnation;
    this.currentStatus = "running";
    try {
      incarnation.state = this.definition.init(incarnation);
      incarnation.initialised = true;
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.hasWork) dispatcher.schedule(this);
  }

  override run(limit: number): number {
    const handledBefore = this.handledCount;
    const { hooks } = this.runtime;
    let taken = 0;
    while (taken < limit) {
      if (this.hasSystemMessages) {
        taken++;
        this.#handleSystemMessages();
        continue;
      }
      if (this.currentStatus !== "running" || this.mailbox === undefined) break;
      const entry = this.mailbox.take();
      if (entry === EMPTY) break;
      taken++;
      if (hooks === undefined) this.#handle(entry);
      else this.#handleWithHooks(entry, hooks);
    }
    this.currentEntry = EMPTY;
    this.runtime.counters.handled += this.handledCount - handledBefore;
    return taken;
  }

  #handle(entry: unknown): void {
    this.currentEntry = entry;
    const message = entry instanceof Wrapped ? this.#open(entry) : entry;
    if (message !== takenBack) this.#receive(message);
  }

  #handleWithHooks(entry: unknown, hooks: MessageHooks): void {
    const currentEntry = this.currentEntry = entry instanceof Carrying ? entry.entry : entry;
    const carried = this.#carried = carriedBy(entry);
    const message = currentEntry instanceof Wrapped ? this.#open(currentEntry) : currentEntry;
    if (message === takenBack) return;
    handleWithHooks({ by: this.path, message, carried }, {
      hooks,
      log: this.runtime.log,
      handle: () => this.#receive(message),
    });
  }

  /** Takes the message out of its wrapping; `takenBack` also if the mapping threw and failed the actor. */
  #open(entry: Wrapped): unknown {
    try {
      return this.#openedMessage = entry instanceof Envelope ? entry.open() : entry.content;
    } catch (error) {
      this.deadLetter(entry, "failed");
      this.fail(error);
      return takenBack;
    }
  }

  #receive(message: unknown): HandlingFailure | undefined {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return undefined;
    try {
      this.handledCount++;
      if (this.tracers === undefined) {
        incarnation.state = this.definition.receive(incarnation.state, message, incarnation);
      } else {
        this.tracers.trace(this.path, { type: "message", message }, () => {
          incarnation.state = this.definition.receive(incarnation.state, message, incarnation);
        });
      }
      return undefined;
    } catch (error) {
      if (this.currentEntry !== EMPTY) this.deadLetter(message, "failed");
      this.fail(error);
      return { error };
    }
  }

  /** Takes the current entry out, as it will go back into the mailbox; `EMPTY` if there is none. */
  takeCurrentEntry(): unknown {
    const entry = this.currentEntry;
    this.currentEntry = EMPTY;
    const carried = this.#carried;
    if (!(entry instanceof Envelope)) {
      return carried === undefined || entry === EMPTY ? entry : carry(entry, carried);
    }
    // The envelope was opened already, and is not opened again: now it holds the message.
    const message = this.#openedMessage;
    return carry(new Envelope(() => message, entry.content, entry.owned), carried);
  }

  #handleSystemMessages(): void {
    this.currentEntry = EMPTY;
    // An end for good drops all system messages, and then nothing is left to take.
    for (let next = this.takeSystemMessage(); next !== undefined; next = this.takeSystemMessage()) {
      this.#onSystemMessage(next);
    }
  }

  #onSystemMessage(message: SystemMessage): void {
    switch (message.kind) {
      case "end":
        if (this.currentStatus === "running") this.#beginTermination(message.reason);
        else if (this.closed && this.currentStatus !== "ending") this.finalise(message.reason);
        return;
      case "child_end":
        this.#onChildEnd(message);
        return;
      case "terminated":
        this.#onTerminated(message);
        return;
      case "linked_failure":
        if (message.incarnation === this.#incarnation) this.fail(message.error);
        return;
      case "stop_settled":
        this.#termination?.onStopSettled(message.incarnation, message.late);
        return;
    }
  }

  /** Hands a signal to the actor; `unhandled` makes the failure of an actor without `onSignal`. */
  #signal(signal: Signal, unhandled: () => ActorError): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || this.currentStatus !== "running") return;
    const { definition } = this;
    try {
      this.handledCount++;
      if (definition.onSignal === undefined) throw unhandled();
      if (this.tracers === undefined) {
        incarnation.state = definition.onSignal(incarnation.state, signal, incarnation);
      } else {
        this.tracers.trace(this.path, { type: "signal", signal }, () => {
          incarnation.state = definition.onSignal?.(incarnation.state, signal, incarnation);
        });
      }
    } catch (error) {
      this.fail(error);
    }
  }

  #onTerminated({ incarnation, ref, reason }: WatchedEnd): void {
    if (incarnation !== this.#incarnation || !incarnation.isWatching(ref)) return;
    incarnation.unwatch(ref);
    this.#signal({ type: "terminated", ref, reason }, () => deathPact(this.path, ref.path, reason));
  }

  #onChildEnd(end: ChildEnd): void {
    const { child, reason } = end;
    if (child.status === "stopped" && this.children?.get(child.name) === child) {
      this.children.delete(child.name);
    }
    if (this.#termination !== undefined) {
      this.#termination.continue();
      return;
    }
    const incarnation = this.#incarnation;
    if (this.currentStatus !== "running" || incarnation === undefined) return;
    const hook = this.definition[onChildEnd];
    if (hook !== undefined) {
      try {
        incarnation.state = hook(incarnation.state, end, incarnation);
      } catch (error) {
        this.fail(error);
      }
    } else if (reason.kind === "failed") {
      const { error } = reason;
      this.#signal(
        { type: "child_failed", ref: child.ref, error },
        () => childFailed(this.displayPath, child.path, error),
      );
    }
  }

  // --- The end --------------------------------------------------------------------------------

  /** Ends the incarnation because its definition has thrown, or an actor linked to it has failed. */
  fail(error: unknown): void {
    // One failure per incarnation: errors while it ends are logged by its termination.
    if (this.currentStatus !== "running") return;
    const { counters, recorder, clock, log } = this.runtime;
    counters.failures++;
    recorder.record("failed", this, clock.nowMs(), error);
    log.error("actor failed", { actor: this.path, error });
    this.#beginTermination({ kind: "failed", error });
  }

  /** Stops the actor for good, as its parent may. */
  requestStop(): void {
    this.closed = true;
    this.sendSystemMessage(SHUT_DOWN);
  }

  /** Ends this incarnation so that its supervisor can start the next. */
  requestRestart(): void {
    this.#requestEnd(END_WITH_SIBLING);
  }

  /** Ends the actor at its own request; the supervisor restarts a permanent one. */
  stopSelf(): void {
    this.#requestEnd(END_NORMALLY);
  }

  #requestEnd(order: Extract<SystemMessage, { kind: "end" }>): void {
    if (!this.#isRestartedAfter(order.reason)) this.closed = true;
    this.sendSystemMessage(order);
  }

  #isRestartedAfter(reason: StopReason): boolean {
    return this.supervision !== undefined && isRestarted(this.supervision.restart, reason);
  }

  #beginTermination(reason: StopReason): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    this.currentStatus = "ending";
    if (!this.#isRestartedAfter(reason)) this.closed = true;
    this.#termination = new Termination(this, incarnation, reason);
    incarnation.end(reason);
    for (const envelope of this.mailbox?.takeEnvelopes() ?? []) this.deadLetter(envelope, "stale");
    this.#termination.continue();
  }

  /** Called by the termination when the incarnation is gone: ends the actor, or waits for a restart. */
  finishTermination(reason: StopReason): void {
    this.#termination = undefined;
    if (this.closed) {
      this.finalise(reason);
      return;
    }
    this.currentStatus = "down";
    this.parent?.sendSystemMessage({ kind: "child_end", child: this, reason });
  }

  /** Ends the actor for good. A cell that is `silently` finalised has never been a child of its parent. */
  finalise(reason: StopReason, silently?: "silently"): void {
    const { recorder, dispatcher } = this.runtime;
    recorder.record("ended", this, dispatcher.turnBeganMs, reason.kind);
    this.#incarnation = undefined;
    this.markStopped(reason);
    if (silently === undefined) {
      this.parent?.sendSystemMessage({ kind: "child_end", child: this, reason });
    }
  }
}
