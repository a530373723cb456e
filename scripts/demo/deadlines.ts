/**
 * Waits with a deadline. Every wait of the demo has one, says what it waited for when it passes, and ends when the demo
 * does.
 *
 * @module
 */

/** The demo could not go on. The message says what was expected and what was there. */
export class DemoError extends Error {
  /** Stable name of the error. */
  readonly code = "DEMO_FAILED";
  override readonly name = "DemoError";
}

/** The user, or the system, asked the demo to stop. */
export class StopRequested extends Error {
  /** Stable name of the error. */
  readonly code = "DEMO_STOPPED";
  override readonly name = "StopRequested";

  constructor(readonly signalName: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`stopped by ${signalName}`);
  }

  /** As a shell reports a process that ended on this signal. */
  get exitStatus(): number {
    return 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[this.signalName];
  }
}

/** Options of {@link within}. */
export interface WaitOptions {
  /** What is awaited; it ends the sentence "waited N s for …". */
  readonly what: string;
  readonly deadlineMs: number;
  /** Ends the wait early, with the signal's reason. */
  readonly signal: AbortSignal;
  /** The state to report when the deadline passes. */
  readonly lastKnown?: () => string;
}

/** Awaits the work. @throws {DemoError} when the deadline passes; the signal's reason when the demo ends. */
export async function within<T>(work: Promise<T>, options: WaitOptions): Promise<T> {
  const { what, deadlineMs, signal, lastKnown } = options;
  // The work may still reject after the wait is over, and its error is of no interest then.
  work.catch(() => {});
  signal.throwIfAborted();
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    const state = lastKnown?.() ?? "";
    const seconds = Math.round(deadlineMs / 1000);
    reject(new DemoError(`waited ${seconds} s for ${what}${state === "" ? "" : `\n${state}`}`));
  }, deadlineMs);
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits that long; rejects with the signal's reason when the demo ends. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(resolve, durationMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
