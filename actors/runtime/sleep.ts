/**
 * Waiting in asynchronous work that an actor has started. Actors themselves never wait; they set timers.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** Resolves after `durationMs` milliseconds of the clock; rejects with the signal's reason as soon as it aborts. */
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
