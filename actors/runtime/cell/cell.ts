/**
 * What stays of an actor over its restarts. A cell runs one incarnation after the other, hands each
 * its messages and signals, and sees it through to its end.
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
import type { ActorDefinition, Signal, StopReason } from "../actor_definition.ts";
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

/** The orders to end, shared by all. */
const END_NORMALLY = { kind: "end", reason: { kind: "normal" } } as const;
const SHUT_DOWN = { kind: "end", reason: { kind: "shutdown" } } as const;
const END_WITH_SIBLING = { kind: "end", reason: { kind: "sibling_failed" } } as const;

/** See the head of this file. */
export class Cell extends CellBase {
  readonly ref: ActorRef<unknown> = new CellRef(this);
  /** The entry that is being handled, or `nothing`, also once it was put aside. */
  inHand: unknown = EMPTY;
  /** Those who follow what it handles. */
  tracers: Tracers | undefined = undefined;
  /** What was in the entry in hand, if it was wrapped. */
  #opened: unknown = undefined;
  /** What hooks had it carry. */
  #carried: unknown = undefined;
  #incarnation: Incarnation | undefined = undefined;
  #incarnations = 0;
  #ending: Termination | undefined = undefined;

  /** The incarnation that is there now. */
  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }
  /** Incarnations beyond the first. */
  get restarts(): number {
    return Math.max(0, this.#incarnations - 1);
  }

  // --- Children -------------------------------------------------------------------------------

  /**
   * Makes a child without starting it. `stillborn` ones have ended before they began: what an actor
   * gets that spawns after its own end.
   */
  makeChild<S, M>(
    name: string,
    { definition, place }: {
      readonly definition: ActorDefinition<S, M>;
      readonly place: Supervision | "plain" | "stillborn";
    },
  ): Cell & { readonly ref: ActorRef<M> } {
    const isStillborn = place === "stillborn" || this.isClosed;
    checkChildName(this, name, isStillborn);
    // The only place where the types of an actor are dropped: from here on its state comes from its
    // own functions only, and its messages from its reference only, which is typed again below.
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
    // Who learns of an end by a watch learns of it before the parent's own bookkeeping does. Taken out,
    // not replaced: a map keeps the place of a key, and children are in the order of their starts.
    children.delete(name);
    const supervision = place === "plain" ? undefined : place;
    const child = new Cell(this.runtime, erased, { name, parent: this, supervision });
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
      if (this.hasControl) {
        taken++;
        this.#emptyLane();
        continue;
      }
      if (this.currentStatus !== "running" || this.mailbox === undefined) break;
      const entry = this.mailbox.take();
      if (entry === EMPTY) break;
      taken++;
      if (hooks === undefined) this.#handle(entry);
      else this.#handleWithHooks(entry, hooks);
    }
    this.inHand = EMPTY;
    this.runtime.counters.handled += this.handledCount - handledBefore;
    return taken;
  }

  #handle(entry: unknown): void {
    this.inHand = entry;
    const message = entry instanceof Wrapped ? this.#open(entry) : entry;
    if (message !== takenBack) this.#receive(message);
  }

  #handleWithHooks(entry: unknown, hooks: MessageHooks): void {
    const inHand = this.inHand = entry instanceof Carrying ? entry.entry : entry;
    const carried = this.#carried = carriedBy(entry);
    const message = inHand instanceof Wrapped ? this.#open(inHand) : inHand;
    if (message === takenBack) return;
    handleWithHooks({ by: this.path, message, carried }, {
      hooks,
      log: this.runtime.log,
      handle: () => this.#receive(message),
    });
  }

  /** What is in an entry; `takenBack` also if making it out of the entry failed the actor. */
  #open(entry: Wrapped): unknown {
    try {
      return this.#opened = entry instanceof Envelope ? entry.open() : entry.content;
    } catch (error) {
      this.bury(entry, "failed");
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
      if (this.inHand !== EMPTY) this.bury(message, "failed");
      this.fail(error);
      return { error };
    }
  }

  /** Takes the entry in hand out, as it will go back into the mailbox, or `nothing`. */
  takeInHand(): unknown {
    const entry = this.inHand;
    this.inHand = EMPTY;
    const carried = this.#carried;
    if (!(entry instanceof Envelope)) {
      return carried === undefined || entry === EMPTY ? entry : carry(entry, carried);
    }
    // Opened once already: what is inside now is what was shown.
    const message = this.#opened;
    return carry(new Envelope(() => message, entry.content, entry.owned), carried);
  }

  #emptyLane(): void {
    this.inHand = EMPTY;
    // An end for good empties the lane as well, and then nothing is left to take.
    for (let control = this.takeControl(); control !== undefined; control = this.takeControl()) {
      this.#onControl(control);
    }
  }

  #onControl(control: SystemMessage): void {
    switch (control.kind) {
      case "end":
        if (this.currentStatus === "running") this.#beginEnd(control.reason);
        else if (this.closed && this.currentStatus !== "ending") this.finalise(control.reason);
        return;
      case "child_end":
        this.#onChildEnd(control);
        return;
      case "terminated":
        this.#onTerminated(control);
        return;
      case "linked_failure":
        if (control.incarnation === this.#incarnation) this.fail(control.error);
        return;
      case "cleaned_up":
        this.#ending?.onCleanedUp(control.incarnation, control.late);
        return;
    }
  }

  /** Hands a signal to the actor; `unhandled` is what becomes of one that takes no signals. */
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
    if (this.#ending !== undefined) {
      this.#ending.continue();
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

  /** Ends the incarnation because something that is its own affair was thrown. */
  fail(error: unknown): void {
    // One failure per incarnation: what it throws while it ends is its clean-up's affair.
    if (this.currentStatus !== "running") return;
    const { counters, recorder, clock, log } = this.runtime;
    counters.failures++;
    recorder.record("failed", this, clock.nowMs(), error);
    log.error("actor failed", { actor: this.path, error });
    this.#beginEnd({ kind: "failed", error });
  }

  /** Stops the actor for good, as its parent may. */
  requestStop(): void {
    this.closed = true;
    this.control(SHUT_DOWN);
  }

  /** Ends this incarnation so that its supervisor can start the next. */
  requestRestart(): void {
    this.#requestEnd(END_WITH_SIBLING);
  }

  /** Ends the actor as it asks itself; a permanent one is restarted by its supervisor. */
  stopSelf(): void {
    this.#requestEnd(END_NORMALLY);
  }

  #requestEnd(order: Extract<SystemMessage, { kind: "end" }>): void {
    if (!this.#isRestartedAfter(order.reason)) this.closed = true;
    this.control(order);
  }

  #isRestartedAfter(reason: StopReason): boolean {
    return this.supervision !== undefined && isRestarted(this.supervision.restart, reason);
  }

  #beginEnd(reason: StopReason): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    this.currentStatus = "ending";
    if (!this.#isRestartedAfter(reason)) this.closed = true;
    this.#ending = new Termination(this, incarnation, reason);
    incarnation.end(reason);
    for (const envelope of this.mailbox?.takeEnvelopes() ?? []) this.bury(envelope, "stale");
    this.#ending.continue();
  }

  /** What follows when the incarnation is gone. */
  finishEnd(reason: StopReason): void {
    this.#ending = undefined;
    if (this.closed) {
      this.finalise(reason);
      return;
    }
    this.currentStatus = "down";
    this.parent?.control({ kind: "child_end", child: this, reason });
  }

  /** The end for good. */
  finalise(reason: StopReason, silently?: "silently"): void {
    const { recorder, dispatcher } = this.runtime;
    recorder.record("ended", this, dispatcher.turnBeganMs, reason.kind);
    this.#incarnation = undefined;
    this.vacate(reason);
    if (silently === undefined) this.parent?.control({ kind: "child_end", child: this, reason });
  }
}
