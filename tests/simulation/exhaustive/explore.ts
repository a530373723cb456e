/**
 * Goes through all states that can be reached, each once, the nearest first; so the way to a violation is a shortest one.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Outcome, outcomesOf } from "./actions.ts";
import { checkEnd, checkState, Violation } from "./invariants.ts";
import { keyOf, type World } from "./world.ts";

/** What the exploration has found. */
export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** States in which nothing is left to do. */
  readonly ends: number;
  /** Whether all states were seen, and not only as many as allowed. */
  readonly isComplete: boolean;
  /** The invariant that is broken, and what has happened until then; `null`: none is. */
  readonly violation: { readonly message: string; readonly trace: readonly string[] } | null;
}

interface Seen {
  readonly before: number;
  readonly what: string;
}

/** Explores from a state on, up to a number of states. */
export function explore(
  first: World,
  { statesMax = Number.POSITIVE_INFINITY, onProgress = (_states: number) => {} } = {},
): Exploration {
  const seen: Seen[] = [{ before: -1, what: "begin" }];
  const indexes = new Map([[hash(keyOf(first)), 0]]);
  /** Of each state, those that lead to it by themselves. */
  const into: number[][] = [[]];
  const ends: number[] = [];
  let layer: [number, World][] = [[0, first]];
  let transitions = 0;
  const traceTo = (index: number, last: string[]): string[] => {
    const trace = [...last];
    for (let at = index; at > 0; at = seen[at]?.before ?? -1) trace.unshift(seen[at]?.what ?? "");
    return trace;
  };
  const result = (violation: Exploration["violation"], isComplete: boolean): Exploration => ({
    states: seen.length,
    transitions,
    ends: ends.length,
    isComplete,
    violation,
  });
  while (layer.length > 0) {
    const next: [number, World][] = [];
    for (const [index, world] of layer) {
      let outcomes: Outcome[];
      try {
        outcomes = outcomesOf(world);
        if (outcomes.every(({ isFault }) => isFault)) {
          checkEnd(world);
          ends.push(index);
        }
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return result({ message: error.message, trace: traceTo(index, []) }, false);
      }
      for (const { what, isFault, world: after } of outcomes) {
        transitions++;
        const key = hash(keyOf(after));
        let at = indexes.get(key);
        if (at === undefined) {
          if (seen.length >= statesMax) return result(null, false);
          at = seen.length;
          indexes.set(key, at);
          seen.push({ before: index, what });
          into.push([]);
          next.push([at, after]);
          if (seen.length % 10_000 === 0) onProgress(seen.length);
          try {
            checkState(after);
          } catch (error) {
            if (!(error instanceof Violation)) throw error;
            return result({ message: error.message, trace: traceTo(at, []) }, false);
          }
        }
        if (!isFault && at !== index) into[at]?.push(index);
      }
    }
    layer = next;
  }
  const stuck = findStuck(into, ends);
  if (stuck !== null) {
    const message = "I7: from here on the rollout cannot end";
    return result({ message, trace: traceTo(stuck, []) }, true);
  }
  return result(null, true);
}

/** The first state from which no end can be reached without a fault; `null` if there is none. */
function findStuck(into: readonly (readonly number[])[], ends: readonly number[]): number | null {
  const isFine = new Uint8Array(into.length);
  const open = [...ends];
  for (const end of ends) isFine[end] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const before of into[at] ?? []) {
      if (isFine[before] === 1) continue;
      isFine[before] = 1;
      open.push(before);
    }
  }
  const stuck = isFine.indexOf(0);
  return stuck === -1 ? null : stuck;
}

/** A short name of a key. */
function hash(key: string): string {
  return createHash("sha1").update(key).digest("base64");
}
