/**
 * Marks promises as handled, so that a caller may drop them.
 *
 * @module
 */

/**
 * Marks a promise as handled and returns it. A caller that awaits it still sees its failure. Without this, the runtime
 * would end the process when a caller drops a call that fails (a clean-up, a best effort): nobody handles the rejection.
 */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Returns a rejected promise that is marked as handled. */
export function rejected<T>(error: unknown): Promise<T> {
  return markHandled(Promise.reject<T>(error));
}
