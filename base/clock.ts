/**
 * The clock of everything outside of the two libraries (`actors/runtime`, `zookeeper`), which have one of their own. A clock is
 * handed in, so that tests control the time; this is the only file that asks the system for the time or sets its timers. A
 * clock of either library may be used as one of these.
 *
 * `base/` holds what all rooms outside of the libraries share and what depends on nothing: clock, random numbers, log, and
 * localities. Every room may import it; it imports nothing.
 *
 * @module
 */

/** Cancels what was scheduled. It may be called at any time and any number of times. */
export type Cancel = () => void;

/** A clock that can only be read, for code that measures time and never waits. */
export interface MonotonicClock {
  /** Milliseconds since some fixed point; never goes back. Only differences mean something. */
  nowMs(): number;
}

/** The time, and waiting for it to pass. */
export interface Clock extends MonotonicClock {
  /** Milliseconds since 1970-01-01 UTC, for records that people read. It may jump, so durations must not be computed from it. */
  wallTimeMs(): number;
  /** Calls back once, after at least `delayMs` milliseconds, however many they are. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** The longest delay of setTimeout. A longer one overflows its 32 bits, and it would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The system's clock, which is the default outside of tests. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallTimeMs: () => Date.now(),
  after(delayMs, callback) {
    let timer: ReturnType<typeof setTimeout>;
    function arm(leftMs: number): void {
      const stepMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => leftMs > stepMs ? arm(leftMs - stepMs) : callback(), stepMs);
    }
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves after that time, or as soon as the signal is aborted. It never rejects: a caller that must not go on after an
 * abort checks the signal, since the abort may also come a moment after the end of the sleep.
 */
export function sleep(clock: Clock, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    function finish(): void {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    }
    const cancel = clock.after(durationMs, finish);
    signal?.addEventListener("abort", finish);
  });
}

/** Calls `work` at that interval on the system's clock, until the returned function is called. */
export function repeat(intervalMs: number, work: () => void): Cancel {
  const timer = setInterval(work, intervalMs);
  return () => clearInterval(timer);
}

/** Lets other tasks of the event loop run, for loops that would block it. */
export function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
