/**
 * An actor as the others see it: a place in the tree with a reference, a mailbox, a control lane, and
 * those who wait for its end. What lives there is the business of cell.ts.
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
import type { StopReason } from "../actor_definition.ts";
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
import { deadLetter, type Runtime } from "./runtime.ts";
import { wrapForHooks } from "../observe/tracing.ts";

/** Where an actor is to be. */
export interface CellBaseOptions {
  readonly name: string;
  readonly parent: Cell | undefined;
  readonly supervision: Supervision | undefined;
}

/** See the head of this file. */
export abstract class CellBase implements Runnable {
  readonly runtime: Runtime;
  readonly name: string;
  readonly parent: Cell | undefined;
  readonly definition: ErasedDefinition;
  readonly supervision: Supervision | undefined;
  /** Left to right; made with the first child, as most actors have none. */
  children: Map<string, Cell> | undefined = undefined;
  queued = false;

  /** Made with the first message, unless its options have to be looked at. */
  protected mailbox: Mailbox | undefined;
  /** The first in the control lane: most lanes never hold more than an order to stop. */
  #firstControl: SystemMessage | undefined = undefined;
  /** Those behind it. */
  #lane: RingQueue<SystemMessage> | undefined = undefined;
  protected currentStatus: ActorStatus = "new";
  /** Whether no message will be handled any more, now or after a restart. */
  protected closed = false;
  protected handledCount = 0;
  #dropped = 0;
  #load: MessageCost | undefined = undefined;
  #endListeners: TerminationListeners | undefined = undefined;
  /** Why it ended for good. */
  #endReason: StopReason | undefined = undefined;

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

  /** `/agent/service:web/runner`; empty for the root. Put together when asked for: few are. */
  get path(): string {
    return this.parent === undefined ? "" : `${this.parent.path}/${this.name}`;
  }
  /** The path for people, to whom the root is `/`. */
  get displayPath(): string {
    return this.parent === undefined ? "/" : this.path;
  }
  get status(): ActorStatus {
    return this.currentStatus;
  }
  /** Whether it is to handle no message any more. */
  get isClosed(): boolean {
    return this.closed;
  }
  get mailboxLength(): number {
    return this.mailbox?.size ?? 0;
  }
  /** Messages and signals that were handled. */
  get handled(): number {
    return this.handledCount;
  }
  /** Messages that went to the dead letters. */
  get dropped(): number {
    return this.#dropped;
  }
  /** How long a message takes, in milliseconds; undefined if it was never measured. */
  get msPerMessage(): number | undefined {
    return this.#load?.msPerMessage;
  }
  get isSlow(): boolean {
    return this.#load !== undefined && this.#load.isSlow;
  }
  get hasWork(): boolean {
    return this.hasControl || (this.currentStatus === "running" && this.mailboxLength > 0);
  }
  protected get hasControl(): boolean {
    return this.#firstControl !== undefined || (this.#lane !== undefined && this.#lane.size > 0);
  }

  onMeasured(tookMs: number, handled: number): void {
    if (this.#load === undefined) this.#load = new MessageCost(tookMs / handled);
    else this.#load.add(tookMs / handled);
  }

  /** Puts a message, or what wraps one, into the mailbox. */
  deliver(entry: unknown): TellOutcome {
    if (this.closed) return this.refuse(entry);
    const mailbox = this.mailbox ??= new Mailbox();
    if (mailbox.isFull) {
      const dropped = mailbox.makeRoom();
      if (dropped === EMPTY) {
        this.bury(entry, "overflow");
        return "overflow";
      }
      this.bury(dropped, "overflow");
    }
    const { hooks, dispatcher } = this.runtime;
    mailbox.push(hooks === undefined ? entry : this.#withHooks(entry));
    if (!this.queued && this.currentStatus === "running") dispatcher.schedule(this);
    return "accepted";
  }

  /** Puts in what the actor brought on itself and therefore always has room. */
  deliverOwned(envelope: Envelope): void {
    if (this.closed) {
      this.bury(envelope, "stopped");
      return;
    }
    if (this.runtime.hooks !== undefined) this.#withHooks(envelope);
    (this.mailbox ??= new Mailbox()).pushOwned(envelope);
    if (!this.queued && this.currentStatus === "running") this.runtime.dispatcher.schedule(this);
  }

  /** Puts entries back ahead of all that wait. */
  putBack(entries: readonly unknown[]): void {
    (this.mailbox ??= new Mailbox()).putBack(entries);
    if (this.currentStatus === "running") this.runtime.dispatcher.schedule(this);
  }

  /** What `tell` does when the actor is gone. */
  refuse(entry: unknown): TellOutcome {
    this.bury(entry, "stopped");
    return "stopped";
  }

  /** Counts a drop and sends it to the dead letters. */
  bury(entry: unknown, reason: DeadLetterReason): void {
    if (deadLetter(this.runtime, { recipient: this, entry, reason })) this.#dropped++;
  }

  /** Puts a message into the control lane, ahead of all messages. */
  control(message: SystemMessage): void {
    if (this.currentStatus === "stopped") return;
    if (this.hasControl) (this.#lane ??= new RingQueue()).push(message);
    else this.#firstControl = message;
    this.runtime.dispatcher.schedule(this);
  }

  /** Takes the first out of the control lane; undefined if there is none. */
  protected takeControl(): SystemMessage | undefined {
    const first = this.#firstControl;
    if (first !== undefined) {
      this.#firstControl = undefined;
      return first;
    }
    const next = this.#lane?.shift();
    return next === EMPTY ? undefined : next;
  }

  /** Registers a listener for the end for good. After that it is called at once. */
  addEndListener(listener: TerminationObserver): void {
    if (this.#endReason !== undefined) listener.onEnd(this.#endReason);
    else (this.#endListeners ??= new TerminationListeners()).add(listener);
  }

  /** The same for a function; returns its removal. */
  onTermination(listener: TerminationListener): () => void {
    const entry = new FunctionListener(listener);
    this.addEndListener(entry);
    return () => this.#endListeners?.remove(entry);
  }

  /** Empties the place for good and tells those who wait for that. */
  protected vacate(reason: StopReason): void {
    this.closed = true;
    this.currentStatus = "stopped";
    this.#endReason = reason;
    // Nothing in the control lane matters to one that is gone.
    this.#firstControl = this.#lane = undefined;
    const { mailbox } = this;
    for (let entry = mailbox?.take(); mailbox !== undefined && entry !== EMPTY;) {
      this.bury(entry, "stopped");
      entry = mailbox.take();
    }
    this.runtime.counters.actors--;
    this.#endListeners?.end(reason);
  }

  #withHooks(entry: unknown): unknown {
    const { hooks, log } = this.runtime;
    if (hooks === undefined) return entry;
    return wrapForHooks(entry, { hooks, to: this.path, log });
  }
}
