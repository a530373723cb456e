/**
 * An ask that has no answer yet. One object is the whole ask: the entry in the target's mailbox, the
 * deadline, and the listener for the target's end. So an ask costs one allocation.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import { CellRef } from "./cell_ref.ts";
import { type Cancel, type Clock, systemClock } from "../clock.ts";
import type { Deadline, Deadlines, EqualDeadlines } from "../dispatch/deadlines.ts";
import type {
  TerminationListeners,
  TerminationObserver,
} from "../dispatch/termination_listeners.ts";
import { ActorError, AskError, type AskErrorCode } from "../errors.ts";
import { Wrapped } from "../dispatch/mailbox.ts";
import {
  type ActorRef,
  type AskBehind,
  askBehind,
  isWatchable,
  onTermination,
  type ReplyTo,
  type TellOutcome,
} from "../ref.ts";
import { findRuntime, type Runtime, runtimeOf } from "./runtime.ts";

/** How long an ask may take, and what else ends it; see `AskOptions` in ask.ts. */
export interface PendingAskOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Where the deadline is registered. Default: with those of the target's system. */
  readonly keptIn?: Deadlines;
}

/** An ask that is waiting for its outcome. Subclasses say where the outcome goes. */
export abstract class PendingAsk<R> extends Wrapped
  implements Deadline, TerminationObserver, AskBehind {
  readonly target: ActorRef<never>;
  readonly timeoutMs: number;
  /** The question. */
  content: unknown = undefined;
  /** The actor that asks; undefined for asks from outside. */
  asker: Cell | undefined = undefined;
  /** The ask that the asker was handling when it asked. */
  cause: PendingAsk<never> | undefined = undefined;
  /** Whether it has an outcome or was cancelled. */
  finished = false;

  dueMs = Infinity;
  previousDeadline: Deadline | undefined = undefined;
  nextDeadline: Deadline | undefined = undefined;
  deadlines: EqualDeadlines | undefined = undefined;
  previousListener: TerminationObserver | undefined = undefined;
  nextListener: TerminationObserver | undefined = undefined;
  listeners: TerminationListeners | undefined = undefined;

  readonly #runtime: Runtime | undefined;
  /**
   * Undoes what the ask has registered elsewhere. Only for asks with a signal or a clock of their own,
   * and of references that this runtime did not make.
   */
  #undo: Cancel[] | undefined = undefined;

  constructor(target: ActorRef<never>, timeoutMs: number) {
    super();
    if (!(timeoutMs > 0)) {
      throw new ActorError(
        "invalid_option",
        `ask ${target.path}: expected a timeout of more than 0 ms, got ${timeoutMs}`,
      );
    }
    this.target = target;
    this.timeoutMs = timeoutMs;
    this.#runtime = findRuntime(target);
  }

  /** Called at most once, with the first answer. */
  protected abstract onReply(reply: R): void;
  /** Called at most once, when there will be no answer. */
  protected abstract onFailure(error: AskError): void;

  /** The runtime of the target; undefined if this runtime did not make the reference. */
  get runtime(): Runtime | undefined {
    return this.#runtime;
  }

  /** Sends the question. Throws what `build` throws. */
  start<M>(
    target: ActorRef<M>,
    build: (replyTo: ReplyTo<R>) => M,
    options: PendingAskOptions,
  ): void {
    if (options.signal?.aborted) return this.#onAbort(options.signal);
    const message = build(new AnswerRef(this));
    const cell = CellRef.cellOf(target);
    let outcome: TellOutcome;
    if (cell === undefined) {
      outcome = target.tell(message);
      // A reference that this runtime did not make may have answered inline.
      if (this.finished) return;
    } else {
      this.content = message;
      outcome = cell.deliver(this);
    }
    if (outcome === "accepted") this.#wait(cell, options);
    else if (outcome === "stopped") {
      this.#giveUp("ask_stopped", "expected a running actor, it has ended");
    } else {
      this.#giveUp(
        "ask_overflow",
        "expected room in the mailbox, it is full; ask less often or later",
      );
    }
  }

  #wait(cell: Cell | undefined, options: PendingAskOptions): void {
    const { target, timeoutMs } = this;
    const { signal, clock } = options;
    if (cell !== undefined) {
      cell.addTerminationObserver(this);
    } else if (isWatchable(target)) {
      this.#endWith(target[onTermination]((_reason) => this.onTerminated()));
    }
    const keptIn = options.keptIn ?? this.#runtime?.deadlines;
    if (keptIn !== undefined && clock === undefined) {
      keptIn.add(this, timeoutMs);
    } else {
      const chosen = clock ?? systemClock;
      this.dueMs = chosen.nowMs() + timeoutMs;
      this.#endWith(chosen.after(timeoutMs, () => this.onDeadline()));
    }
    if (signal !== undefined) {
      const onAbort = (): void => this.#onAbort(signal);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#endWith(() => signal.removeEventListener("abort", onAbort));
    }
  }

  #endWith(undo: Cancel): void {
    if (this.finished) undo();
    else (this.#undo ??= []).push(undo);
  }

  /** Takes the answer. Returns false if the ask has ended already. */
  answer(reply: R): boolean {
    if (this.finished) return false;
    this.cancel();
    this.onReply(reply);
    return true;
  }

  /** Ends the ask without an outcome. */
  cancel(): void {
    this.finished = true;
    this.cause = undefined;
    this.listeners?.remove(this);
    this.deadlines?.remove(this);
    if (this.#undo === undefined) return;
    for (const undo of this.#undo) undo();
    this.#undo = undefined;
  }

  onDeadline(): void {
    this.#giveUp("ask_timeout", `expected an answer within ${this.timeoutMs} ms, there was none`);
  }

  onTerminated(): void {
    this.#giveUp("ask_stopped", "expected an answer, the actor ended without one");
  }

  /** Ends the ask before the question is sent, because it would close a cycle of asks. */
  refuse(cycle: readonly string[]): void {
    this.#giveUp(
      "ask_circular",
      `expected no cycle, there is one: ${cycle.join(" asks ")}; have one of them tell instead`,
    );
  }

  fail(code: AskErrorCode, what: string): void {
    this.#giveUp(code, what);
  }

  #onAbort(signal: AbortSignal): void {
    this.#giveUp("ask_aborted", "expected an answer, the asker gave up", { cause: signal.reason });
  }

  #giveUp(code: AskErrorCode, what: string, options?: ErrorOptions): void {
    if (this.finished) return;
    this.cancel();
    const { path } = this.target;
    this.onFailure(new AskError(code, path, `ask ${path}: ${what}`, options));
  }
}

/** The reference through which the one answer comes back. */
class AnswerRef<R> implements ActorRef<R> {
  readonly #ask: PendingAsk<R>;

  constructor(ask: PendingAsk<R>) {
    this.#ask = ask;
  }

  get path(): string {
    return `${this.#ask.target.path}?answer`;
  }

  get [runtimeOf](): Runtime | undefined {
    return this.#ask.runtime;
  }

  get [askBehind](): AskBehind {
    return this.#ask;
  }

  tell(message: R): TellOutcome {
    if (this.#ask.answer(message)) return "accepted";
    const letter = { recipient: this.path, message, reason: "late_answer" } as const;
    this.#ask.runtime?.deadLetters.publish(letter);
    return "stopped";
  }
}
