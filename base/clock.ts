/**
 * Time, as everything outside of the two libraries (`actors/runtime`, `zookeeper`) takes it: handed in, so that tests decide
 * what it is. The only file that asks the system for the time or sets its timers. A clock of either library fits here too.
 *
 * @module
 */

/** Takes back what was scheduled. May be called at any time, any number of times. */
export type Cancel = () => void;

/** A clock that can only be read: for whoever measures and never waits. */
export interface MonotonicClock {
  /** Milliseconds since some fixed point; never goes back. Only differences mean something. */
  nowMs(): number;
}

/** The time, and waiting for it to pass. */
export interface Clock extends MonotonicClock {
  /** Milliseconds since 1970-01-01 UTC, for records that people read. It may jump, so durations are never taken from it. */
  wallTimeMs(): number;
  /** Calls back once, not before `delayMs` milliseconds have passed, however many they are. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** Longer delays overflow the 32 bits of setTimeout, which would then fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock: the default outside tests. */
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
 * Resolves after that time, or as soon as the signal is aborted. It never rejects: whoever must not go on after an abort
 * looks at the signal, since the abort may as well come a moment later.
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

/** Does something again and again on the machine's clock; returns what ends it. */
export function repeat(intervalMs: number, work: () => void): Cancel {
  const timer = setInterval(work, intervalMs);
  return () => clearInterval(timer);
}

/** Lets everything else that is due run first; for loops that would keep the event loop busy. */
export function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
