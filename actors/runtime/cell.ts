/**
 * What stays of an actor over its restarts: its reference, its mailbox, its place in the tree. A cell
 * runs one incarnation after the other and sees each of them through to its end.
 *
 * @module
 */

import type { Cancel } from "./clock.ts";
import type { DeadLetterReason } from "./dead_letters.ts";
import {
  type ActorDefinition,
  DEFAULT_STOP_DEADLINE_MS,
  type Signal,
  type StopReason,
} from "./definition.ts";
import type { Runnable } from "./dispatcher.ts";
import { ActorError } from "./errors.ts";
import { cleanUp } from "./clean_up.ts";
import {
  type ActorStatus,
  type ChildEnd,
  type Control,
  type ErasedDefinition,
  onChildEnd,
  type Supervision,
} from "./control.ts";
import { Fifo, nothing } from "./fifo.ts";
import { Incarnation } from "./incarnation.ts";
import { Envelope, Mailbox, takenBack } from "./mailbox.ts";
import {
  type ActorRef,
  onTermination,
  type TellOutcome,
  type TerminationListener,
  type Watchable,
} from "./ref.ts";
import { isRestarted } from "./restart_policy.ts";
import { bury, type Runtime, runtimeOf } from "./runtime.ts";
import { Terminations } from "./terminations.ts";

/** The reference of a cell. */
class CellRef implements ActorRef<unknown>, Watchable {
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }
  get path(): string {
    return this.#cell.path;
  }
  get [runtimeOf](): Runtime {
    return this.#cell.runtime;
  }
  tell(message: unknown): TellOutcome {
    return this.#cell.deliver(message);
  }
  [onTermination](listener: TerminationListener): () => void {
    return this.#cell.terminations.add(listener);
  }
}

/** See the head of this file. */
export class Cell implements Runnable {
  readonly runtime: Runtime;
  readonly name: string;
  readonly path: string;
  readonly definition: ErasedDefinition;
  readonly ref: ActorRef<unknown> = new CellRef(this);
  readonly terminations = new Terminations();
  queued = false;

  readonly #parent: Cell | undefined;
  readonly #supervision: Supervision | undefined;
  readonly #mailbox: Mailbox;
  readonly #control = new Fifo<Control>();
  /** Left to right. */
  readonly #children = new Map<string, Cell>();
  #status: ActorStatus = "new";
  #incarnation: Incarnation | undefined;
  /** Whether no message will be handled any more, now or after a restart. */
  #closed = false;
  #endReason: StopReason = { kind: "normal" };
  /** While it ends: the children that are still there, left to right. */
  #toStop: Cell[] = [];
  /** Whether `onStop` of the ending incarnation was called. */
  #cleaning = false;
  #cancelDeadline: Cancel | undefined;
  #incarnations = 0;
  #handled = 0;
  #dropped = 0;

  constructor(
    runtime: Runtime,
    definition: ErasedDefinition,
    place: { name: string; parent?: Cell; supervision?: Supervision },
  ) {
    this.runtime = runtime;
    this.definition = definition;
    this.name = place.name;
    this.#parent = place.parent;
    this.#supervision = place.supervision;
    this.path = place.parent === undefined ? "" : `${place.parent.path}/${place.name}`;
    this.#mailbox = new Mailbox(definition.mailbox);
    runtime.counters.actors++;
    runtime.counters.spawned++;
  }

  get status(): ActorStatus {
    return this.#status;
  }
  get children(): Iterable<Cell> {
    return this.#children.values();
  }
  get mailboxLength(): number {
    return this.#mailbox.size;
  }
  /** Incarnations beyond the first. */
  get restarts(): number {
    return Math.max(0, this.#incarnations - 1);
  }
  /** Messages and signals that were handled. */
  get handled(): number {
    return this.#handled;
  }
  /** Messages that went to the dead letters. */
  get dropped(): number {
    return this.#dropped;
  }
  /** How long the current or last incarnation has been there, in milliseconds. */
  get uptimeMs(): number {
    if (this.#incarnation === undefined) return 0;
    return this.runtime.clock.monotonicMs() - this.#incarnation.startedAtMs;
  }
  /** Whether it is to handle no message any more. */
  get isClosed(): boolean {
    return this.#closed;
  }
  get hasWork(): boolean {
    return this.#control.size > 0 || (this.#status === "running" && this.#mailbox.size > 0);
  }

  // --- Delivery -------------------------------------------------------------------------------

  /** Puts a message or an envelope into the mailbox. */
  deliver(entry: unknown): TellOutcome {
    if (this.#closed) return this.refuse(entry);
    const dropped = this.#mailbox.offer(entry);
    if (dropped !== nothing) {
      this.bury(dropped, "overflow");
      if (!this.#dropsOldest) return "overflow";
    }
    if (this.#status === "running" && !this.queued) this.runtime.dispatcher.schedule(this);
    return "accepted";
  }

  /** What `tell` does when the actor is gone. */
  refuse(entry: unknown): TellOutcome {
    this.bury(entry, "stopped");
    return "stopped";
  }

  /** Counts a drop and sends it to the dead letters. */
  bury(entry: unknown, reason: DeadLetterReason): void {
    this.#dropped++;
    bury(this.runtime, { recipient: this.path, entry, reason });
  }

  /** Puts a message into the control lane, ahead of all messages. */
  control(message: Control): void {
    if (this.#status === "stopped") return;
    this.#control.push(message);
    this.runtime.dispatcher.schedule(this);
  }

  get #dropsOldest(): boolean {
    return this.definition.mailbox?.overflow === "drop_oldest";
  }

  // --- Running --------------------------------------------------------------------------------

  /** Starts an incarnation. When this returns, `init` has returned or thrown. */
  start(): void {
    if (this.#closed || this.#status === "running" || this.#status === "ending") return;
    if (this.#incarnations++ > 0) this.runtime.counters.restarts++;
    const incarnation = new Incarnation(this);
    this.#incarnation = incarnation;
    this.#cleaning = false;
    this.#status = "running";
    try {
      incarnation.state = this.definition.init(incarnation);
      incarnation.initialised = true;
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.hasWork) this.runtime.dispatcher.schedule(this);
  }

  run(limit: number): number {
    let handled = 0;
    for (;;) {
      const control = this.#control.shift();
      if (control !== nothing) {
        handled++;
        this.#onControl(control);
        continue;
      }
      const incarnation = this.#incarnation;
      if (handled >= limit || this.#status !== "running" || incarnation === undefined) break;
      const entry = this.#mailbox.take();
      if (entry === nothing) break;
      handled++;
      this.#onEntry(entry, incarnation);
    }
    return handled;
  }

  #onEntry(entry: unknown, incarnation: Incarnation): void {
    let message = entry;
    try {
      if (entry instanceof Envelope) {
        message = entry.open();
        if (message === takenBack) return;
      }
      this.#count();
      incarnation.state = this.definition.receive(incarnation.state, message, incarnation);
    } catch (error) {
      this.bury(message, "failed");
      this.#fail(error);
    }
  }

  #onControl(control: Control): void {
    switch (control.kind) {
      case "end":
        this.#onEnd(control.reason);
        return;
      case "child_end":
        this.#onChildEnd(control.end);
        return;
      case "terminated":
        this.#onTerminated(control);
        return;
      case "cleaned_up":
        this.#onCleanedUp(control);
        return;
    }
  }

  /** Hands a signal to the actor; `unhandled` is what becomes of one that takes no signals. */
  #signal(signal: Signal, unhandled: () => ActorError): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || this.#status !== "running") return;
    try {
      this.#count();
      if (this.definition.onSignal === undefined) throw unhandled();
      incarnation.state = this.definition.onSignal(incarnation.state, signal, incarnation);
    } catch (error) {
      this.#fail(error);
    }
  }

  #count(): void {
    this.#handled++;
    this.runtime.counters.handled++;
  }

  #fail(error: unknown): void {
    // One failure per incarnation: what it throws while it ends is its clean-up's affair.
    if (this.#status !== "running") return;
    this.runtime.counters.failures++;
    this.runtime.log.error("actor failed", { actor: this.path, error });
    this.#beginEnd({ kind: "failed", error });
  }

  // --- Death watch ----------------------------------------------------------------------------

  #onTerminated(control: Extract<Control, { kind: "terminated" }>): void {
    const { incarnation, ref, reason } = control;
    if (incarnation !== this.#incarnation || !incarnation.isWatching(ref)) return;
    incarnation.unwatch(ref);
    this.#signal({ type: "terminated", ref, reason }, () =>
      new ActorError(
        "death_pact",
        `watch ${ref.path} from ${this.path}: expected onSignal to handle its end, there is none`,
        reason.kind === "failed" ? { cause: reason.error } : undefined,
      ));
  }

  // --- Children -------------------------------------------------------------------------------

  /** Makes a child without starting it. A `stillborn` one has ended before it began. */
  makeChild<S, M>(
    name: string,
    definition: ActorDefinition<S, M>,
    place: Supervision | "plain" | "stillborn",
  ): Cell & { readonly ref: ActorRef<M> } {
    checkName(this.path, name);
    // The only place where the types of an actor are dropped: from here on its state comes from its
    // own functions only, and its messages from its reference only, which is typed again below.
    const erased = definition as unknown as ErasedDefinition;
    if (place === "stillborn" || this.#closed) {
      const stillborn = new Cell(this.runtime, erased, { name, parent: this });
      stillborn.#finalise({ kind: "shutdown" }, { silent: true });
      return stillborn;
    }
    if (this.#children.has(name)) {
      throw new ActorError(
        "name_taken",
        `spawn ${this.path}/${name}: expected a name that no child has, there is one; ` +
          "stop it and wait for its end first",
      );
    }
    const supervision = place === "plain" ? {} : { supervision: place };
    const child = new Cell(this.runtime, erased, { name, parent: this, ...supervision });
    this.#children.set(name, child);
    return child;
  }

  /** The child of that name. */
  child(name: string): Cell | undefined {
    return this.#children.get(name);
  }

  /** Stops a child for good. */
  stopChild(ref: ActorRef<never>): void {
    for (const child of this.#children.values()) {
      if (child.ref !== ref) continue;
      child.requestStop();
      return;
    }
    // One that has ended already is no mistake: the parent may not know yet.
    if (ref instanceof CellRef && ref.path.startsWith(`${this.path}/`)) return;
    throw new ActorError(
      "not_a_child",
      `stop ${ref.path} from ${this.path}: expected a child of its own; send it a message instead`,
    );
  }

  #onChildEnd(end: ChildEnd): void {
    const { child, reason } = end;
    const gone = child.#status === "stopped";
    if (gone && this.#children.get(child.name) === child) this.#children.delete(child.name);
    if (this.#status === "ending") {
      this.#continueEnding();
      return;
    }
    const incarnation = this.#incarnation;
    if (this.#status !== "running" || incarnation === undefined) return;
    const hook = this.definition[onChildEnd];
    if (hook !== undefined) {
      try {
        incarnation.state = hook(incarnation.state, end, incarnation);
      } catch (error) {
        this.#fail(error);
      }
    } else if (reason.kind === "failed") {
      const { error } = reason;
      this.#signal({ type: "child_failed", ref: child.ref, error }, () =>
        new ActorError(
          "child_failed",
          `supervise ${child.path}: expected it to run, it failed; spawn it under a supervisor, or ` +
            `handle the signal child_failed in ${this.path === "" ? "/" : this.path}`,
          { cause: error },
        ));
    }
  }

  // --- The end --------------------------------------------------------------------------------

  /** Stops the actor for good, as its parent may. */
  requestStop(): void {
    this.#closed = true;
    this.control({ kind: "end", reason: { kind: "shutdown" } });
  }

  /** Ends this incarnation so that its supervisor can start the next. */
  requestRestart(): void {
    const reason: StopReason = { kind: "sibling_failed" };
    if (!this.#isRestartedAfter(reason)) this.#closed = true;
    this.control({ kind: "end", reason });
  }

  /** Ends the actor as it asks itself; a permanent one is restarted by its supervisor. */
  stopSelf(): void {
    const reason: StopReason = { kind: "normal" };
    if (!this.#isRestartedAfter(reason)) this.#closed = true;
    this.control({ kind: "end", reason });
  }

  #isRestartedAfter(reason: StopReason): boolean {
    return this.#supervision !== undefined && isRestarted(this.#supervision.restart, reason);
  }

  #onEnd(reason: StopReason): void {
    if (this.#status === "running") this.#beginEnd(reason);
    else if (this.#closed && this.#status !== "ending") this.#finalise(reason);
  }

  #beginEnd(reason: StopReason): void {
    this.#status = "ending";
    this.#endReason = reason;
    if (!this.#isRestartedAfter(reason)) this.#closed = true;
    this.#toStop = [...this.#children.values()];
    this.#incarnation?.end();
    for (const envelope of this.#mailbox.takeEnvelopes()) this.bury(envelope, "stale");
    this.#continueEnding();
  }

  /** The end in steps: children right to left, then `onStop`, then the report to the parent. */
  #continueEnding(): void {
    if (this.#cleaning) return;
    while (this.#toStop.at(-1)?.status === "stopped") this.#toStop.pop();
    const last = this.#toStop.at(-1);
    if (last !== undefined) {
      last.requestStop();
      return;
    }
    this.#cleaning = true;
    const incarnation = this.#incarnation;
    if (incarnation?.initialised !== true) {
      this.#finishEnd();
      return;
    }
    const { definition, runtime } = this;
    this.#cancelDeadline = cleanUp({
      path: this.path,
      clock: runtime.clock,
      log: runtime.log,
      deadlineMs: this.#supervision?.stopDeadlineMs ?? definition.stopDeadlineMs ??
        DEFAULT_STOP_DEADLINE_MS,
      run: () => definition.onStop?.(incarnation.state, incarnation, this.#endReason),
      done: (late) => this.control({ kind: "cleaned_up", incarnation, late }),
    });
    if (this.#cancelDeadline === undefined) this.#finishEnd();
  }

  #onCleanedUp(control: Extract<Control, { kind: "cleaned_up" }>): void {
    if (this.#status !== "ending" || control.incarnation !== this.#incarnation) return;
    if (control.late) this.runtime.counters.abandoned++;
    this.#finishEnd();
  }

  #finishEnd(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    if (this.#closed) {
      this.#finalise(this.#endReason);
      return;
    }
    this.#status = "down";
    this.#parent?.control({
      kind: "child_end",
      end: { child: this, reason: this.#endReason },
    });
  }

  #finalise(reason: StopReason, options: { silent?: boolean } = {}): void {
    this.#closed = true;
    this.#status = "stopped";
    this.#incarnation = undefined;
    while (this.#control.shift() !== nothing) { /* Nothing in it matters to one that is gone. */ }
    for (let entry = this.#mailbox.take(); entry !== nothing; entry = this.#mailbox.take()) {
      this.bury(entry, "stopped");
    }
    this.runtime.counters.actors--;
    this.terminations.end(reason);
    if (options.silent) return;
    this.#parent?.control({ kind: "child_end", end: { child: this, reason } });
  }
}

/** Names are shown in paths and logs: a slash would make them ambiguous, length is for sanity. */
const LONGEST_NAME = 200;

function checkName(parentPath: string, name: string): void {
  if (name.length > 0 && name.length <= LONGEST_NAME && !name.includes("/")) return;
  throw new ActorError(
    "invalid_name",
    `spawn a child of ${parentPath === "" ? "/" : parentPath}: expected a name of 1 to ` +
      `${LONGEST_NAME} characters without a slash, got "${name.slice(0, LONGEST_NAME)}"`,
  );
}
