/**
 * The errors of actors in workers.
 *
 * @module
 */

/**
 * Stable names of what can go wrong.
 *
 * - `worker_failed`: the worker threw outside the actor, or its module could not be loaded.
 * - `actor_failed`: the actor in the worker failed.
 * - `invalid_option`: a number is out of its range, or a definition is used twice.
 */
export type WorkerErrorCode = "worker_failed" | "actor_failed" | "invalid_option";

/** The failure of an actor that lives in a worker, as its supervisor sees it. */
export class WorkerError extends Error {
  /** Always `WorkerError`. */
  override readonly name = "WorkerError";
  /** What went wrong, stable across versions. */
  readonly code: WorkerErrorCode;

  /** Makes an error with a stable code and a message for people. */
  constructor(code: WorkerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
