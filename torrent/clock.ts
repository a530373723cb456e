/** Time for this folder: the only place that asks the system for it. Tests hand in their own. */

/** What the code here needs of time. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  nowMs(): number;
  /** Resolves after that time, or as soon as the signal is aborted; it never rejects. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The system's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep(durationMs, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, durationMs);
      signal?.addEventListener("abort", finish);
    });
  },
};

/** Lets everything else that is due run first; for loops that would keep the event loop busy. */
export function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a calendar and a wall clock show; for people to read, never to measure with. */
export type Today = () => Date;

/** The system's calendar. */
export const systemToday: Today = () => new Date();
