/** Time for this folder: the only place that asks the system for it. Tests hand in their own. */

/** What the tracker needs of time. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  nowMs(): number;
}

/** The system's clock. */
export const systemClock: Clock = { nowMs: () => performance.now() };

/** Does something again and again; returns what ends it. */
export function repeat(intervalMs: number, work: () => void): () => void {
  const timer = setInterval(work, intervalMs);
  return () => clearInterval(timer);
}

/** Resolves after so many milliseconds, or as soon as the signal aborts; leaves no timer behind. */
export function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, durationMs);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end);
  return promise;
}
