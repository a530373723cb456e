/**
 * Waiting inside asynchronous work that an actor has started, such as a task of `pipeToSelf`. An actor
 * itself never waits: it sets a timer.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * Waits for `durationMs` milliseconds of the clock.
 *
 * @throws The signal's reason, as a rejection, as soon as the signal is aborted.
 */
export function sleep(
  clock: Clock,
  durationMs: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    function onAbort(): void {
      cancel();
      reject(signal?.reason);
    }
    const cancel = clock.after(durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
