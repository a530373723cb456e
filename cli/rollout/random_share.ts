/**
 * Chance for the id of a rollout.
 *
 * @module
 */

/** A number from 0 to 1, without 1, that nobody can guess. */
export function randomShare(): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number / 2 ** 32;
}
