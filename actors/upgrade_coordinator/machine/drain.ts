/**
 * What a host does about an operator's word that it is drained, or to be put back. Pure.
 *
 * @module
 */

import { type Drained, isNewcomer, type Roster, type Slot } from "../../../rollout/mod.ts";
import type { Switch } from "./switch.ts";

/** By what an operator's word is told from another one. */
export type Word = Pick<Drained, "by" | "sinceMs">;

/** A hook that has failed, and is tried again. `word`: about which; `null`: about none, but a drain that is over. */
export interface FailedHook {
  readonly word: Word | null;
  readonly count: number;
  readonly problem: string;
}

/** What a host keeps in mind about such words. */
export interface DrainState {
  /** The process for which its hook `drain` was run; `null`: it was not. `pid`: `null` if none ran. */
  readonly out: { readonly pid: number | null } | null;
  /** Whether nothing has undone a drain that is over: the hook for that has failed, or a switch and the way back as well. */
  readonly isLeftOut: boolean;
  /** As in {@link DrainNow}. */
  readonly putBackBy: Word | null | undefined;
  /** The word about which a hook has failed last, how often in a row, and what it has said; `null`: none has. */
  readonly failed: FailedHook | null;
}

/** The state of a host that has done nothing about it. */
export const NOT_DRAINED: DrainState = {
  out: null,
  isLeftOut: false,
  putBackBy: undefined,
  failed: null,
};

/** What a host has done about such words, as far as it matters for what is next. */
export interface DrainNow {
  /** Whether its hook `drain` was run for the process that runs; where none runs, for the last one. */
  readonly isOut: boolean;
  /** Whether nothing has undone a drain that is over, and its service is well. */
  readonly isLeftOut: boolean;
  /**
   * Whether it has to be put back before it counts, if it is a newcomer: its service is well, and there is a hook for that. It may
   * have been drained when it was taken off the roster, and another life of the agent than this one knew.
   */
  readonly isPutBackFirst: boolean;
  /**
   * The word by which its hook `undrain` was run last; `null`: by none; `undefined`: it was not in this life of the agent, or it has
   * been drained again since.
   */
  readonly putBackBy: Word | null | undefined;
  /**
   * The word about which a hook has failed a moment ago, so that it is not tried again yet; `undefined`: none. What an operator
   * says since is tried at once.
   */
  readonly heldBack: Word | null | undefined;
}

/** What a host does next about it. */
export type DrainStep =
  | { readonly kind: "drain" | "undrain"; readonly word: Word | null }
  | { readonly kind: "put_back" };

/** A host that has done nothing about it. */
export const NOTHING_DONE: DrainNow = {
  isOut: false,
  isLeftOut: false,
  isPutBackFirst: false,
  putBackBy: undefined,
  heldBack: undefined,
};

/**
 * Decides what to do, while no switch is under way; `null`: nothing. `roster`: what stands of the host on the roster; `null`: that
 * cannot be read.
 */
export function decideDrainStep(
  roster: Pick<Roster, "drained" | "newcomer"> | null,
  { isOut, isLeftOut, isPutBackFirst, putBackBy, heldBack }: DrainNow = NOTHING_DONE,
): DrainStep | null {
  if (roster === null) return null;
  const { drained } = roster;
  if (drained === undefined) {
    const isToCount = isPutBackFirst && isNewcomer(roster);
    // It was taken off the roster, with the word, and has joined it again; or it was left out.
    const isDue = isOut || isLeftOut || isToCount && putBackBy === undefined;
    if (isDue && heldBack !== null) return { kind: "undrain", word: null };
    return isToCount && putBackBy !== undefined ? { kind: "put_back" } : null;
  }
  const { ended } = drained;
  if (ended === undefined) {
    return isOut || isHeldBack(drained) ? null : { kind: "drain", word: wordOf(drained) };
  }
  if (isSameWord(putBackBy, ended)) return { kind: "put_back" };
  return isHeldBack(ended) ? null : { kind: "undrain", word: wordOf(ended) };

  function isHeldBack(word: Word): boolean {
    return isSameWord(heldBack, word);
  }
}

/**
 * What a host has done. `pid`: its service's process; `null`: none runs. `hasUndrain`: whether there is a hook `undrain`.
 * `isHeldBack`: the hook that has failed is not tried again yet.
 */
export function drainNow(
  { out, isLeftOut, putBackBy, failed }: DrainState,
  { pid, isServing, hasUndrain, isHeldBack }: {
    readonly pid: number | null;
    readonly isServing: boolean;
    readonly hasUndrain: boolean;
    readonly isHeldBack: boolean;
  },
): DrainNow {
  const isOut = out !== null && (pid === null || pid === out.pid);
  return {
    isOut,
    isLeftOut: isLeftOut && isServing,
    isPutBackFirst: hasUndrain && isServing,
    putBackBy,
    heldBack: isHeldBack ? failed?.word : undefined,
  };
}

/**
 * The same, where the record of a failed switch stands. If the service is not well, the way back has failed, too, or nobody knows:
 * its host is put back once it is, which does no harm where it was put back already.
 */
export function withRecord(
  drain: DrainState,
  { record, isServing }: {
    readonly record: Pick<Slot, "cause"> | null;
    readonly isServing: boolean;
  },
): DrainState {
  const isOfSwitch = record !== null && record.cause !== "preparation" && record.cause !== "watch";
  return isOfSwitch && !isServing ? { ...drain, isLeftOut: true } : drain;
}

/**
 * The same, where a switch begins a step that runs one of the hooks: what has put the host back before is void once it is drained;
 * and whoever was taken off the roster and has joined it anew need not be put back again where that has been done at the end
 * of its switch. `isDrained`: whether an operator has drained it, so that it is not put back there.
 */
export function withStep(drain: DrainState, step: Switch["step"], isDrained: boolean): DrainState {
  if (step === "draining") return { ...drain, putBackBy: undefined };
  return step === "baking" && !isDrained ? { ...drain, putBackBy: null } : drain;
}

/** Whether two words are the same, or both are none. */
export function isSameWord(word: Word | null | undefined, other: Word | null): boolean {
  return word?.by === other?.by && word?.sinceMs === other?.sinceMs;
}

function wordOf({ by, sinceMs }: Word): Word {
  return { by, sinceMs };
}
