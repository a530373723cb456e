/**
 * The search for a seed that shows a planted bug: runs of the changed code until one of the bug's checks notices something
 * that is sound without the bug.
 *
 * @module
 */

import type { Check } from "../invariants.ts";
import { runScenario } from "../run.ts";
import { drawScenario } from "../scenario.ts";
import { type NamedBug, skippedFor } from "./planted_bug.ts";
import { runPlanted } from "./planted_tree.ts";

/** A run that shows a bug. */
export interface Finding {
  readonly seed: number;
  /** What has noticed it. */
  readonly check: Check;
}

/** What the simulation's main says with `--first --json`. */
export interface FirstViolation extends Finding {
  readonly message: string;
}

/** Looks for the first seed from `from` on that shows the bug. `null`: none of that many does. */
export async function findSeed(
  bug: NamedBug,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<FirstViolation | null> {
  for (let next = from; next < from + count;) {
    const args = ["--bug", bug.name, "--seed", next, "--seeds", from + count - next, "--first"];
    const { code, text } = await runPlanted(bug, [...args.map(String), "--json"], {
      stdout: "piped",
    });
    if (code !== 0 && text === "") throw new Error(`the simulation with ${bug.name} failed`);
    const found = JSON.parse(text) as FirstViolation | null;
    if (found === null) return null;
    if (await isSound(bug, found.seed)) return found;
    next = found.seed + 1;
  }
  return null;
}

/** Whether the same run of the code that ships is sound, so that the bug is what was noticed. */
async function isSound(bug: NamedBug, seed: number): Promise<boolean> {
  const scenario = drawScenario({ seed, kinds: bug.kinds });
  return (await runScenario(scenario, { skipped: skippedFor(bug) })).violation === null;
}
