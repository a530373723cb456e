/**
 * The part of a cell that others use: its position in the tree, its mailbox, its queue of system
 * messages, and the listeners for its end. How a cell runs its actor is in cell.ts.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import type {
  ActorStatus,
  ErasedDefinition,
  Supervision,
  SystemMessage,
} from "./system_messages.ts";
import type { DeadLetterReason } from "../observe/dead_letters.ts";
import type { StopReason } from "../stop_reason.ts";
import type { Runnable } from "../dispatch/dispatcher.ts";
import {
  FunctionListener,
  TerminationListeners,
  type TerminationObserver,
} from "../dispatch/termination_listeners.ts";
import { EMPTY, RingQueue } from "../dispatch/ring_queue.ts";
import { MessageCost } from "../dispatch/message_cost.ts";
import { Envelope, Mailbox } from "../dispatch/mailbox.ts";
import type { TellOutcome, TerminationListener } from "../ref.ts";
import { type Runtime, sendToDeadLetters } from "./runtime.ts";
import { wrapForHooks } from "../observe/tracing.ts";

/** The position of a new cell in the tree. */
export interface CellBaseOptions {
  readonly name: string;
  readonly parent: Cell | undefined;
  readonly supervision: Supervision | undefined;
}

/** What stays of an actor over its restarts, as other actors and the dispatcher see it. */
export abstract class CellBase implements Runnable {
  readonly runtime: Runtime;
  readonly name: string;
  readonly parent: Cell | undefined;
  readonly definition: ErasedDefinition;
  readonly supervision: Supervision | undefined;
  /** From left to right. Made with the first child, because most actors have none. */
  children: Map<string, Cell> | undefined = undefined;
  queued = false;

  /** Made with the first message, unless the definition has options for it that must be checked. */
  protected mailbox: Mailbox | undefined;
  /** The first system message that waits. A field of its own: most cells only ever get one, to stop. */
  #firstSystemMessage: SystemMessage | undefined = undefined;
  /** The system messages behind the first. */
  #systemQueue: RingQueue<SystemMessage> | undefined = undefined;
  protected currentStatus: ActorStatus = "new";
  /** Whether the actor handles no message any more, now or after a restart. */
  protected closed = false;
  protected handledCount = 0;
  #dropped = 0;
  #messageCost: MessageCost | undefined = undefined;
  #terminationListeners: TerminationListeners | undefined = undefined;
  /** Why the actor ended for good; undefined until it has. */
  #stopReason: StopReason | undefined = undefined;

  constructor(runtime: Runtime, definition: ErasedDefinition, options: CellBaseOptions) {
    this.runtime = runtime;
    this.definition = definition;
    this.name = options.name;
    this.parent = options.parent;
    this.supervision = options.supervision;
    this.mailbox = definition.mailbox === undefined ? undefined : new Mailbox(definition.mailbox);
    runtime.counters.actors++;
    runtime.counters.spawned++;
  }

  abstract run(limit: number): number;

  /** Such as `/agent/service:web/runner`; empty for the root. Built when asked for, because few are. */
  get path(): string {
    return this.parent === undefined ? "" : `${this.parent.path}/${this.name}`;
  }
  /** The path for people: the root's is `/`. */
  get displayPath(): string {
    return this.parent === undefined ? "/" : this.path;
  }
  /** Where the actor is in its life. */
  get status(): ActorStatus {
    return this.currentStatus;
  }
  /** Whether the actor handles no message any more, now or after a restart. */
  get isClosed(): boolean {
    return this.closed;
  }
  /** Messages that wait. */
  get mailboxLength(): number {
    return this.mailbox?.size ?? 0;
  }
  /** Messages and signals that were handled. */
  get handled(): number {
    return this.handledCount;
  }
  /** Messages that became dead letters. */
  get dropped(): number {
    return this.#dropped;
  }
  /** Mean time that a message takes to handle, in milliseconds; undefined if never measured. */
  get msPerMessage(): number | undefined {
    return this.#messageCost?.msPerMessage;
  }
  /** Whether its messages take long, so that it handles one per turn. */
  get isSlow(): boolean {
    return this.#messageCost !== undefined && this.#messageCost.isSlow;
  }
  /** Whether there is something to handle. */
  get hasWork(): boolean {
    return this.hasSystemMessages || (this.currentStatus === "running" && this.mailboxLength > 0);
  }
  protected get hasSystemMessages(): boolean {
    return this.#firstSystemMessage !== undefined ||
      (this.#systemQueue !== undefined && this.#systemQueue.size > 0);
  }

  onMeasured(tookMs: number, handled: number): void {
    if (this.#messageCost === undefined) this.#messageCost = new MessageCost(tookMs / handled);
    else this.#messageCost.add(tookMs / handled);
  }

  /** Puts a message, or what wraps one, into the mailbox. */
  deliver(entry: unknown): TellOutcome {
    if (this.closed) return this.refuse(entry);
    const mailbox = this.mailbox ??= new Mailbox();
    if (mailbox.isFull) {
      const dropped = mailbox.makeRoom();
      if (dropped === EMPTY) {
        this.deadLetter(entry, "overflow");
        return "overflow";
      }
      this.deadLetter(dropped, "overflow");
    }
    const { hooks, dispatcher } = this.runtime;
    mailbox.push(hooks === undefined ? entry : this.#withHooks(entry));
    if (!this.queued && this.currentStatus === "running") dispatcher.schedule(this);
    return "accepted";
  }

  /** Puts in an outcome of the actor's own work. There is always room for it. */
  deliverOwned(envelope: Envelope): void {
    if (this.closed) {
      this.deadLetter(envelope, "stopped");
      return;
    }
    if (this.runtime.hooks !== undefined) this.#withHooks(envelope);
    (this.mailbox ??= new Mailbox()).pushOwned(envelope);
    if (!this.queued && this.currentStatus === "running") this.runtime.dispatcher.schedule(this);
  }

  /** Puts entries back into the mailbox, ahead of all that wait. */
  putBack(entries: readonly unknown[]): void {
    (this.mailbox ??= new Mailbox()).putBack(entries);
    if (this.currentStatus === "running") this.runtime.dispatcher.schedule(this);
  }

  /** Makes a dead letter of a message for an actor that has ended. */
  refuse(entry: unknown): TellOutcome {
    this.deadLetter(entry, "stopped");
    return "stopped";
  }

  /** Makes a dead letter of a mailbox entry, and counts it. */
  deadLetter(entry: unknown, reason: DeadLetterReason): void {
    if (sendToDeadLetters(this.runtime, { recipient: this, entry, reason })) this.#dropped++;
  }

  /** Sends a system message. It is handled ahead of all messages in the mailbox. */
  sendSystemMessage(message: SystemMessage): void {
    if (this.currentStatus === "stopped") return;
    if (this.hasSystemMessages) (this.#systemQueue ??= new RingQueue()).push(message);
    else this.#firstSystemMessage = message;
    this.runtime.dispatcher.schedule(this);
  }

  /** Takes the first system message out; undefined if there is none. */
  protected takeSystemMessage(): SystemMessage | undefined {
    const first = this.#firstSystemMessage;
    if (first !== undefined) {
      this.#firstSystemMessage = undefined;
      return first;
    }
    const next = this.#systemQueue?.shift();
    return next === EMPTY ? undefined : next;
  }

  /** Registers an observer of the end for good. After that end, the observer is called at once. */
  addTerminationObserver(listener: TerminationObserver): void {
    if (this.#stopReason !== undefined) listener.onTerminated(this.#stopReason);
    else (this.#terminationListeners ??= new TerminationListeners()).add(listener);
  }

  /** Registers a function that is called at the end for good. Returns the function that removes it. */
  onTermination(listener: TerminationListener): () => void {
    const entry = new FunctionListener(listener);
    this.addTerminationObserver(entry);
    return () => this.#terminationListeners?.remove(entry);
  }

  /** Marks the actor as ended for good: its mailbox becomes dead letters, its observers are called. */
  protected markStopped(reason: StopReason): void {
    this.closed = true;
    this.currentStatus = "stopped";
    this.#stopReason = reason;
    // No system message matters to an actor that has ended.
    this.#firstSystemMessage = this.#systemQueue = undefined;
    const { mailbox } = this;
    for (let entry = mailbox?.take(); mailbox !== undefined && entry !== EMPTY;) {
      this.deadLetter(entry, "stopped");
      entry = mailbox.take();
    }
    this.runtime.counters.actors--;
    this.#terminationListeners?.end(reason);
  }

  #withHooks(entry: unknown): unknown {
    const { hooks, log } = this.runtime;
    if (hooks === undefined) return entry;
    return wrapForHooks(entry, { hooks, to: this.path, log });
  }
}
