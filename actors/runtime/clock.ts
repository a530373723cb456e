/**
 * The clock that the runtime takes its time from. It is handed in, so that tests need not wait. This
 * is the only file of the runtime that touches the machine's clock and timers; the virtual clock is
 * in testing/virtual_clock.ts.
 *
 * @module
 */

/** Cancels what was scheduled. It may be called at any time, any number of times. */
export type Cancel = () => void;

/** Where an actor system takes its time from. */
export interface Clock {
  /** The wall clock, in milliseconds since 1970. For records that people read; it may jump. */
  wallTimeMs(): number;
  /** Milliseconds since some fixed point. It never goes back: for measuring durations. */
  nowMs(): number;
  /** Calls back once, not before `delayMs` milliseconds have passed. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Calls back once the event loop has served the timers and sockets that are ready now. */
  nextTurn(callback: () => void): void;
}

/** Longer delays overflow the 32 bits of setTimeout, which would then fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock: the default outside tests. */
export const systemClock: Clock = {
  wallTimeMs: () => Date.now(),
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    let timer: ReturnType<typeof setTimeout>;
    function arm(leftMs: number): void {
      const stepMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => leftMs > stepMs ? arm(leftMs - stepMs) : callback(), stepMs);
    }
    arm(delayMs);
    return () => clearTimeout(timer);
  },
  // setImmediate rather than setTimeout(0), which waits for at least a millisecond.
  nextTurn: (callback) => void setImmediate(callback),
};
