/**
 * Asking an actor from outside: a message that carries a reference for one answer, with a deadline.
 * Inside an actor use `context.ask`, which delivers the answer as a message.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { AskError } from "./errors.ts";
import { PendingAsk } from "./cell/pending_ask.ts";
import type { ActorRef, Asking, ReplyOf, ReplyTo } from "./ref.ts";

/** How long to wait for an answer, and what else ends the wait. */
export interface AskOptions {
  /** How long the answer may take, in milliseconds. There is no default: only the asker knows. */
  readonly timeoutMs: number;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal;
  /** The clock that measures the deadline. Default: that of the target's system. */
  readonly clock?: Clock;
}

/**
 * Sends a message that carries a reference for the answer, and resolves to the answer. For use
 * outside actors, and in tasks of `pipeToSelf`. The type of the answer follows from the field
 * `replyTo` of the message. (For this the message is inferred as a constant: array literals are
 * accepted where the protocol's arrays are `readonly`, as those of messages should be.)
 *
 * @throws {AskError} (as rejection) `ask_timeout`, `ask_overflow`, `ask_stopped`, `ask_aborted`.
 */
export function ask<M, const N extends M & Asking>(
  target: ActorRef<M>,
  build: (replyTo: ReplyTo<unknown>) => N,
  options: AskOptions,
): Promise<ReplyOf<M, N>>;
/**
 * Asks with a message whose reference for the answer is not in the field `replyTo`: state the type of
 * the answer at the parameter of `build`.
 */
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
    new PromisedAsk<R>(target, options.timeoutMs, { resolve, reject }).start(
      target,
      build,
      options,
    );
  });
}

/** An ask whose outcome settles a promise. */
class PromisedAsk<R> extends PendingAsk<R> {
  readonly #resolve: (reply: R) => void;
  readonly #reject: (error: AskError) => void;

  constructor(
    target: ActorRef<never>,
    timeoutMs: number,
    { resolve, reject }: { resolve: (reply: R) => void; reject: (error: AskError) => void },
  ) {
    super(target, timeoutMs);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  protected override onReply(reply: R): void {
    this.#resolve(reply);
  }
  protected override onFailure(error: AskError): void {
    this.#reject(error);
  }
}
