/**
 * A question to an actor: a message that carries a reference for one answer, and a deadline. Inside
 * an actor use `context.ask`, which delivers the answer as a message.
 *
 * @module
 */

import { type Cancel, type Clock, systemClock } from "./clock.ts";
import { ActorError, AskError, type AskErrorCode } from "./errors.ts";
import {
  type ActorRef,
  type Asking,
  isWatchable,
  onTermination,
  type ReplyOf,
  type ReplyTo,
  type TellOutcome,
} from "./ref.ts";
import { findRuntime, type Runtime, runtimeOf } from "./runtime.ts";

/** How long to wait for an answer, and what else may end the wait. */
export interface AskOptions {
  /** How long the answer may take, in milliseconds. There is no default: only the asker knows. */
  readonly timeoutMs: number;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal;
  /** Where the deadline is measured. Default: the clock of the target's system. */
  readonly clock?: Clock;
}

/** What an ask came to. */
export type AskOutcome<R> =
  | { readonly ok: true; readonly reply: R }
  | { readonly ok: false; readonly error: AskError };

/**
 * Sends a message that carries a reference for the answer, and resolves to the answer. For use
 * outside actors, and in tasks of `pipeToSelf`. The type of the answer follows from the field
 * `replyTo` of the message. (For this the message is inferred as a constant: a protocol whose arrays
 * are `readonly`, as those of messages should be, takes array literals here.)
 *
 * @throws {AskError} (as rejection) `ask_timeout`, `ask_overflow`, `ask_stopped`, `ask_aborted`.
 */
export function ask<M, const N extends M & Asking>(
  target: ActorRef<M>,
  build: (replyTo: ReplyTo<unknown>) => N,
  options: AskOptions,
): Promise<ReplyOf<M, N>>;
/** For messages that carry the reference elsewhere: say the type of the answer at `replyTo`. */
export function ask<M, R>(
  target: ActorRef<M>,
  build: (replyTo: ReplyTo<R>) => M,
  options: AskOptions,
): Promise<R>;
export function ask<M, R>(
  target: ActorRef<M>,
  build: (replyTo: ReplyTo<R>) => M,
  options: AskOptions,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    startAsk<M, R>(target, build, {
      ...options,
      settle: (outcome) => outcome.ok ? resolve(outcome.reply) : reject(outcome.error),
    });
  });
}

/** The reference that one answer comes back through. */
class AnswerRef<R> implements ActorRef<R> {
  readonly path: string;
  readonly #runtime: Runtime | undefined;
  #take: ((reply: R) => void) | undefined;

  constructor(path: string, runtime: Runtime | undefined, take: (reply: R) => void) {
    this.path = path;
    this.#runtime = runtime;
    this.#take = take;
  }

  get [runtimeOf](): Runtime | undefined {
    return this.#runtime;
  }

  tell(reply: R): TellOutcome {
    const take = this.#take;
    if (take === undefined) {
      const letter = { recipient: this.path, message: reply, reason: "late_answer" } as const;
      this.#runtime?.deadLetters.publish(letter);
      return "stopped";
    }
    this.#take = undefined;
    take(reply);
    return "accepted";
  }

  close(): void {
    this.#take = undefined;
  }
}

/**
 * Asks and calls `settle` once with the outcome, unless cancelled before. What `build` throws is
 * thrown.
 */
export function startAsk<M, R>(
  target: ActorRef<M>,
  build: (replyTo: ReplyTo<R>) => M,
  options: AskOptions & { readonly settle: (outcome: AskOutcome<R>) => void },
): Cancel {
  const { timeoutMs, signal, settle } = options;
  if (!(timeoutMs > 0)) {
    throw new ActorError(
      "invalid_option",
      `ask ${target.path}: expected a timeout of more than 0 ms, got ${timeoutMs}`,
    );
  }
  const runtime = findRuntime(target);
  const clock = options.clock ?? runtime?.clock ?? systemClock;
  const answer = new AnswerRef<R>(
    `${target.path}?answer`,
    runtime,
    (reply) => finish({ ok: true, reply }),
  );
  const undo: Cancel[] = [];
  let finished = false;

  function cancel(): void {
    finished = true;
    answer.close();
    for (const take of undo.splice(0)) take();
  }
  function finish(outcome: AskOutcome<R>): void {
    if (finished) return;
    cancel();
    settle(outcome);
  }
  function giveUp(code: AskErrorCode, what: string, cause?: unknown): void {
    const error = new AskError(
      code,
      target.path,
      `ask ${target.path}: ${what}`,
      cause === undefined ? undefined : { cause },
    );
    finish({ ok: false, error });
  }
  function onAbort(): void {
    giveUp("ask_aborted", "expected an answer, the asker gave up", signal?.reason);
  }

  if (signal?.aborted) {
    onAbort();
    return cancel;
  }
  const outcome = target.tell(build(answer));
  // A reference of somebody else's may have answered inline.
  if (finished) return cancel;
  if (outcome === "stopped") {
    giveUp("ask_stopped", "expected a running actor, it has ended");
  } else if (outcome === "overflow") {
    giveUp("ask_overflow", "expected room in the mailbox, it is full; ask less often or later");
  } else {
    undo.push(clock.schedule(timeoutMs, () => {
      giveUp("ask_timeout", `expected an answer within ${timeoutMs} ms, there was none`);
    }));
    if (signal !== undefined) {
      signal.addEventListener("abort", onAbort, { once: true });
      undo.push(() => signal.removeEventListener("abort", onAbort));
    }
    if (isWatchable(target)) {
      undo.push(target[onTermination](() => {
        giveUp("ask_stopped", "expected an answer, the actor ended without one");
      }));
    }
  }
  return cancel;
}
