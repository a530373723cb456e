/**
 * What a host is doing about one service: one of these, and nothing in between.
 *
 * @module
 */

import type { Switch } from "./switch.ts";

/** What is under way. */
export type Phase =
  /** The agent ended in a switch, and the tree has not been read since. */
  | { readonly kind: "interrupted"; readonly change: Switch }
  /** Nothing: the next reading decides. */
  | { readonly kind: "idle" }
  /**
   * One change, of the tree or without it. Nothing is decided until its outcome is known. `interrupted`: the switch that is to
   * be gone on with after it.
   */
  | { readonly kind: "acting"; readonly interrupted: Switch | null }
  /**
   * A switch that has stopped nothing, so that it may still turn back: its drain is under way, or over, or the tree is asked
   * whether the service may be stopped.
   */
  | {
    readonly kind: "draining";
    readonly change: Switch;
    readonly at: "drain" | "fence" | "asking";
  }
  /** A switch from its stop on, or one that stops nothing. Nothing in the tree holds it up. */
  | { readonly kind: "switching"; readonly change: Switch }
  /** The report that ends a switch. `problem`: why the last attempt did not get through. */
  | { readonly kind: "reporting"; readonly change: Switch; readonly problem: string | null };

/** The phase after a change. */
export function afterActing(phase: Phase): Phase {
  if (phase.kind !== "acting") return phase;
  const { interrupted } = phase;
  return interrupted === null ? { kind: "idle" } : { kind: "interrupted", change: interrupted };
}

/** The switch that is under way; `null` if none is. */
export function switchOf(phase: Phase): Switch | null {
  switch (phase.kind) {
    case "draining":
    case "switching":
    case "reporting":
      return phase.change;
    default:
      return null;
  }
}

/** The switch that the agent's end has interrupted; `null` if there is none that is still to be gone on with. */
export function interruptedSwitch(phase: Phase): Switch | null {
  if (phase.kind === "interrupted") return phase.change;
  return phase.kind === "acting" ? phase.interrupted : null;
}
