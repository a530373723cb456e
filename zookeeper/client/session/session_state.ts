/**
 * The state of a session as users see it: listeners, and waiting for `connected`.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { ZooKeeperError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { SessionState } from "../../types.ts";
import type { ServerAddress } from "../connection/connect_string.ts";
import { markHandled, rejected } from "./mark_handled.ts";
import { closedError } from "./request_queue.ts";

/** States that may wait for a reader of {@linkcode ObservableSessionState.states}: a connection that breaks every second causes as many in eight minutes. */
const maxStatesAhead = 1_000;

function tooFarBehind(): ZooKeeperError {
  return new ZooKeeperError({
    code: "QUEUE_FULL",
    operation: "states",
    detail: `expected every state to be taken, ${maxStatesAhead} were waiting`,
  });
}

/** Dependencies of an {@linkcode ObservableSessionState}; servers and failure are for its messages. */
export interface ObservableSessionStateOptions {
  servers: readonly ServerAddress[];
  /** Why the last attempt to connect failed; undefined if none has. */
  lastFailure(): unknown;
  clock: Clock;
  log: Log;
}

/** The present state of a session, with listeners for its changes. */
export class ObservableSessionState {
  readonly #options: ObservableSessionStateOptions;
  readonly #listeners = new Set<(state: SessionState) => void>();
  #state: SessionState = "connecting";

  constructor(options: ObservableSessionStateOptions) {
    this.#options = options;
  }

  /** The present state. */
  get state(): SessionState {
    return this.#state;
  }

  /** Adds a listener; the returned function removes it. */
  listen(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes the state and tells the listeners. */
  set(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        this.#options.log.error("state listener threw", { state, error });
      }
    }
    if (state === "closed") this.#listeners.clear();
  }

  /** Yields the present state and each that follows, until `closed` or until the signal aborts. */
  async *states(signal: AbortSignal | undefined): AsyncGenerator<SessionState> {
    const seen: SessionState[] = [this.#state];
    let wake = () => {};
    const stop = this.listen((state) => {
      // The one beyond the bound marks the overflow.
      if (seen.length <= maxStatesAhead) seen.push(state);
      wake();
    });
    const onAbort = () => wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (signal?.aborted !== true) {
        if (seen.length > maxStatesAhead) throw tooFarBehind();
        const state = seen.shift();
        if (state === undefined) await new Promise<void>((resolve) => wake = resolve);
        else yield state;
        if (state === "closed") return;
      }
    } finally {
      stop();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Waits for the state `connected`. */
  connected(options: { timeoutMs: number; signal: AbortSignal | undefined }): Promise<void> {
    const { timeoutMs, signal } = options;
    if (signal?.aborted) return rejected(signal.reason);
    if (this.#state === "connected") return Promise.resolve();
    if (this.#state === "closed") return rejected(closedError("connected"));
    return markHandled(
      new Promise<void>((resolve, reject) => {
        const finish = (settle: () => void) => {
          stopListening();
          cancelTimer();
          signal?.removeEventListener("abort", onAbort);
          settle();
        };
        const stopListening = this.listen((state) => {
          if (state === "connected") finish(resolve);
          else if (state === "closed") finish(() => reject(closedError("connected")));
        });
        const onAbort = () => finish(() => reject(signal?.reason));
        signal?.addEventListener("abort", onAbort, { once: true });
        const cancelTimer = this.#options.clock.after(
          timeoutMs,
          () => finish(() => reject(this.#timeoutError(timeoutMs))),
        );
      }),
    );
  }

  #timeoutError(timeoutMs: number): ZooKeeperError {
    const servers = this.#options.servers.map(({ hostname, port }) => `${hostname}:${port}`);
    const failure = this.#options.lastFailure();
    const why = failure === undefined
      ? "check the addresses and that a server runs there"
      : `the last attempt failed: ${failure instanceof Error ? failure.message : failure}`;
    return new ZooKeeperError({
      code: "OPERATION_TIMEOUT",
      operation: "connected",
      detail: `expected a session within ${timeoutMs} ms, none of ${
        servers.join(", ")
      } gave one; ${why}`,
      cause: failure,
    });
  }
}
