/**
 * Time for this library. This is the only file of the library that reads the system's clock and sets timers;
 * everything else is handed a {@linkcode Clock}, so that tests can drive time by hand.
 *
 * @module
 */

/** A source of time: a monotonic reading for deadlines, the wall time for `ctime` and `mtime`, timers, and turns of the event loop. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump. */
  wallTimeMs(): number;
  /** Calls `callback` once, `delayMs` from now. The returned function cancels it; cancelling twice is harmless. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls `callback` once, in a later turn of the event loop, after the callbacks of all promises that are already resolved. */
  nextTurn(callback: () => void): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallTimeMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  nextTurn: (callback) => void setImmediate(callback),
};
