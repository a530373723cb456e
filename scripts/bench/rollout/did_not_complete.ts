/**
 * Why a rollout is not counted.
 *
 * @module
 */

/** A rollout did not come to its end: in time, or at all. Its message says how far it came. */
export class DidNotComplete extends Error {
  override readonly name = "DidNotComplete";
}
