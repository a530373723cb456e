/**
 * Lets a caller drop a promise.
 *
 * @module
 */

/**
 * Marks a promise as handled and returns it. Whoever awaits it still sees its failure; but a caller
 * that let go of a call (a clean-up, a best effort) must not find the process ended by it, as the
 * runtime does with a rejection that nobody handles.
 */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** A rejected promise that nobody needs to handle. */
export function rejected<T>(error: unknown): Promise<T> {
  return markHandled(Promise.reject<T>(error));
}
