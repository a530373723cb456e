/**
 * One request on its way: what is sent, how its reply is read, and the promise behind it.
 *
 * @module
 */

import { errorCodeFromNumber, ZooKeeperError, type ZooKeeperErrorCode } from "../../errors.ts";
import type { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { markHandled } from "./mark_handled.ts";

/** What a kind of request must say about itself. */
export interface RequestSpec<Result> {
  /** For messages: `create`, `get`, … */
  operation: string;
  /** The path as the caller gave it. */
  path: string;
  opcode: number;
  /** Writes the body. Runs when the request is sent, so it may look at what the connection knows then. */
  encode(writer: JuteWriter): void;
  /** Reads the body of a successful reply; runs in the order of the wire. May throw a `ZooKeeperError` that the body describes. */
  decode(reader: JuteReader): Result;
  /** Turns an error reply into a result; undefined: the request fails. Runs in the order of the wire. */
  recover?(code: ZooKeeperErrorCode): { value: Result } | undefined;
}

/** A request that was issued and whose promise may still be open. */
export class PendingRequest<Result = unknown> {
  readonly spec: RequestSpec<Result>;
  readonly deadlineMs: number;
  /** The id on the wire; undefined while it waits to be sent. */
  xid: number | undefined;
  #resolve!: (value: Result) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #stopListening: (() => void) | undefined;
  readonly promise: Promise<Result>;

  constructor(spec: RequestSpec<Result>, deadlineMs: number, signal: AbortSignal | undefined) {
    this.spec = spec;
    this.deadlineMs = deadlineMs;
    this.promise = markHandled(
      new Promise<Result>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      }),
    );
    if (signal !== undefined) {
      const onAbort = () => this.reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#stopListening = () => signal.removeEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    }
  }

  /** True once the caller has an answer; a reply that comes later is read for its side effects only. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Handles the reply: `reader` stands after the header. */
  reply(error: number, reader: JuteReader): void {
    if (error === 0) {
      try {
        this.resolve(this.spec.decode(reader));
      } catch (refusal) {
        // The reply was read well and says no; anything else is the connection's problem.
        if (!(refusal instanceof ZooKeeperError)) throw refusal;
        this.reject(refusal);
      }
      return;
    }
    const code = errorCodeFromNumber(error);
    const recovered = this.spec.recover?.(code);
    if (recovered !== undefined) this.resolve(recovered.value);
    else this.fail(code);
  }

  resolve(value: Result): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Rejects with a {@linkcode ZooKeeperError}. Failures that no reply announced leave the outcome unknown if the request was sent. */
  fail(code: ZooKeeperErrorCode, options: { cause?: unknown; unanswered?: boolean } = {}): void {
    if (this.#settled) return;
    this.reject(
      new ZooKeeperError({
        code,
        operation: this.spec.operation,
        path: this.spec.path,
        cause: options.cause,
        outcomeUnknown: options.unanswered === true && this.xid !== undefined,
      }),
    );
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stopListening?.();
    return true;
  }
}
