/**
 * Finds cycles of asks: an actor is asked while it waits itself for an answer that may depend on this
 * one. Nothing blocks, so a cycle need not be wrong; but answers that wait for each other end at their
 * deadlines, far from the cause. For development.
 *
 * @module
 */

/** An actor, as far as the search needs it. */
interface Asker {
  readonly path: string;
}

/** An ask that waits for its answer, with those further up the chain. */
interface AskInChain {
  /** The actor that asks; undefined for asks from outside. */
  readonly asker: Asker | undefined;
  /** The ask that the asker was handling when it asked. */
  readonly cause: AskInChain | undefined;
  readonly finished: boolean;
}
/** Links of a chain that are searched, so that the search is bounded; a longer chain is not looked at. */
const LONGEST_CHAIN = 64;

/**
 * Looks whether an ask closes a cycle: whether `target`, which `asker` asks while it handles `cause`,
 * still waits for an answer further up the chain.
 *
 * @returns The paths of the cycle, from the target round to itself; undefined if there is none.
 */
export function findAskCycle(
  target: Asker,
  asker: Asker,
  cause: AskInChain | undefined,
): string[] | undefined {
  const paths = [target.path, asker.path];
  let ask: AskInChain | undefined = cause;
  for (let step = 0; step < LONGEST_CHAIN && ask !== undefined && !ask.finished; step++) {
    if (ask.asker === undefined) return undefined;
    paths.push(ask.asker.path);
    if (ask.asker === target) return paths.reverse();
    ask = ask.cause;
  }
  return undefined;
}
