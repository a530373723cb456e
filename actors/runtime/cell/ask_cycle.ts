/**
 * Asks that go in a circle: an actor that is asked, while others wait for an answer of its own that
 * may depend on this one. Nothing blocks here, so a circle need not be wrong; but answers that wait
 * for each other end at their deadlines, far from the cause. For development.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import type { PendingAsk } from "./pending_ask.ts";

/**
 * What to do about asks that go in a circle.
 *
 * - `allow`: nothing. The default.
 * - `report`: log a warning with the actors in the circle.
 * - `refuse`: the ask that would close the circle fails with `ask_circular`.
 */
export type AskCycles = "allow" | "report" | "refuse";

/** Steps that are looked at, so that the search is bounded; longer chains are no mistake of design. */
const LONGEST_CHAIN = 64;

/**
 * The paths from the target round to itself, if `asker`, while it handles `cause`, asks somebody who
 * still waits for an answer further up.
 */
export function findAskCycle(
  target: Cell,
  asker: Cell,
  cause: PendingAsk<never> | undefined,
): string[] | undefined {
  const paths = [target.path, asker.path];
  let ask = cause;
  for (let step = 0; step < LONGEST_CHAIN && ask !== undefined && !ask.finished; step++) {
    if (ask.asker === undefined) return undefined;
    paths.push(ask.asker.path);
    if (ask.asker === target) return paths.reverse();
    ask = ask.cause;
  }
  return undefined;
}
