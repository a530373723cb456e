/**
 * Time as the host's parts see it, handed in so that tests decide what it is. The only file of this
 * folder that reads the machine's clock or sets a timer.
 */

/** The time, and waiting for it to pass. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /**
   * Resolves after that many milliseconds; rejects with the signal's reason as soon as it aborts.
   */
  sleep(durationMs: number, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(durationMs, options = {}) {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, durationMs);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};

/** Lets everything else that is due run first; for loops that would keep the event loop busy. */
export function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
