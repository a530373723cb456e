/**
 * The state of a session as its users see it: listeners, and waiting for `connected`.
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

/** A connection that breaks every second gives as many in eight minutes: long enough for whoever looks at all. */
const maxStatesAhead = 1_000;

function tooFarBehind(): ZooKeeperError {
  return new ZooKeeperError({
    code: "QUEUE_FULL",
    operation: "states",
    detail: `expected every state to be taken, ${maxStatesAhead} were waiting`,
  });
}

/** What a {@linkcode ObservableSessionState} is handed; servers and failure are for its messages. */
export interface ObservableSessionStateOptions {
  servers: readonly ServerAddress[];
  /** Why there is no connection, if an attempt has failed. */
  lastFailure(): unknown;
  clock: Clock;
  log: Log;
}

/** The present state and those who listen to it. */
export class ObservableSessionState {
  readonly #options: ObservableSessionStateOptions;
  readonly #listeners = new Set<(state: SessionState) => void>();
  #state: SessionState = "connecting";

  constructor(options: ObservableSessionStateOptions) {
    this.#options = options;
  }

  get state(): SessionState {
    return this.#state;
  }

  listen(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

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

  /** The present state and each that follows. */
  async *states(signal: AbortSignal | undefined): AsyncGenerator<SessionState> {
    const seen: SessionState[] = [this.#state];
    let wake = () => {};
    const stop = this.listen((state) => {
      // One more says that it is too many.
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
