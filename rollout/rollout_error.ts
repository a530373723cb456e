/**
 * Why an operator's wish is refused.
 *
 * @module
 */

/** A rollout cannot be started, paused, resumed or aborted as things stand. */
export class RolloutError extends Error {
  /** Stable name of the error. */
  readonly code = "ROLLOUT";
  override readonly name = "RolloutError";
}
