/**
 * One request that was issued: what is sent, how its reply is read, and the promise of its result.
 *
 * @module
 */

import { errorCodeFromNumber, ZooKeeperError, type ZooKeeperErrorCode } from "../../errors.ts";
import type { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { markHandled } from "./mark_handled.ts";

/** What a request consists of: its encoding and the decoding of its reply. */
export interface RequestSpec<Result> {
  /** Name of the operation in messages: `create`, `get`, … */
  operation: string;
  /** The path as the caller gave it. */
  path: string;
  /** Operation code on the wire. */
  opcode: number;
  /** Writes the body. It runs when the request is sent, so it may look at the state of that moment. */
  encode(writer: JuteWriter): void;
  /** Reads the body of a successful reply, in the order of the wire. It may throw a `ZooKeeperError` that the body describes. */
  decode(reader: JuteReader): Result;
  /** Turns an error reply into a result, in the order of the wire; undefined if the request fails. */
  recover?(code: ZooKeeperErrorCode): { value: Result } | undefined;
}

/** A request that was issued and that may not be settled yet. */
export class PendingRequest<Result = unknown> {
  /** What the request consists of. */
  readonly spec: RequestSpec<Result>;
  /** When the request times out, by the monotonic clock. */
  readonly deadlineMs: number;
  /** Request id on the wire; undefined until the request is sent. */
  xid: number | undefined;
  /** When the request was sent, by the monotonic clock; undefined until then. */
  sentMs: number | undefined;
  #resolve!: (value: Result) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #stopListening: (() => void) | undefined;
  /** The result, marked as handled. */
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

  /** True once the promise is settled; a reply that comes later is read for its side effects only. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Handles the reply; `reader` stands behind its header. */
  reply(error: number, reader: JuteReader): void {
    if (error === 0) {
      try {
        this.resolve(this.spec.decode(reader));
      } catch (refusal) {
        // The reply was read and says no. Any other error means that it could not be read.
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

  /** Fulfils the promise, unless it is settled. */
  resolve(value: Result): void {
    if (this.#settle()) this.#resolve(value);
  }

  /** Rejects the promise, unless it is settled. */
  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Rejects with a {@linkcode ZooKeeperError}. `unanswered`: no reply has come, so that the outcome is unknown if the request was sent. */
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
