/**
 * How many inputs a fuzz test tries, and from which seed: a share of some seconds in the ordinary tests, and as many as
 * wanted in a long run.
 *
 * @module
 */

/**
 * Parameters for `fc.assert`: the ordinary count, or that of `ROLLCALL_FUZZ_INPUTS`; and the seed of `ROLLCALL_SEED`,
 * without which fast-check chooses one. A failure prints its seed and path; the same count with that seed replays it:
 * `ROLLCALL_SEED=SEED deno test -A FILE`.
 */
export function fuzzInputs(ordinary: number): { numRuns: number; seed?: number } {
  const numRuns = Number(Deno.env.get("ROLLCALL_FUZZ_INPUTS") ?? ordinary);
  const seed = Deno.env.get("ROLLCALL_SEED");
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) };
}
