/**
 * What is true of the gates before waves: since when each wave is next, who has opened its gate, and what the checks that were
 * made on the machines have found. Entries say when they were opened; whether that was right is decided by this alone.
 *
 * @module
 */

import type { Gate } from "../../../rollout/mod.ts";
import type { QueuedWave, TreeMirror } from "./tree_mirror.ts";

/** Most checks of a place that are kept. */
const CHECKS_MAX = 1_000;

/** Keeps what is true of the gates of a run. */
export class GateTruth {
  /** Since when each wave is next with control running, by its node. */
  readonly #nextSinceMs = new Map<string, number>();
  readonly #open = new Set<string>();
  readonly #checks = new Map<string, { readonly atMs: number; readonly isGood: boolean }[]>();

  /** A check was made on a machine. */
  noteCheck(place: string, check: { readonly atMs: number; readonly isGood: boolean }): void {
    const checks = this.#checks.get(place) ?? [];
    checks.push(check);
    this.#checks.set(place, checks.slice(-CHECKS_MAX));
  }

  /** Control has changed: what was measured before does not count. */
  noteControl(): void {
    this.#nextSinceMs.clear();
  }

  /** Notes which waves are next. */
  noteQueue(tree: TreeMirror, nowMs: number): void {
    const isRunning = tree.control?.state === "running";
    for (const wave of tree.waves.values()) {
      const isNext = isRunning && tree.nextWave(wave.service)?.node === wave.node;
      if (!isNext) this.#nextSinceMs.delete(wave.node);
      else if (!this.#nextSinceMs.has(wave.node)) this.#nextSinceMs.set(wave.node, nowMs);
    }
  }

  /** Whether nobody has to wait at the gate of a wave. */
  isOpen({ node, gate }: QueuedWave): boolean {
    return gate === undefined || this.#open.has(node);
  }

  /** A gate was opened from a place. @returns What is wrong with that; null if nothing is. */
  opened(
    { node, gate }: Pick<QueuedWave, "node" | "gate">,
    by: { readonly place: string; readonly isOperator: boolean; readonly nowMs: number },
  ): string | null {
    this.#open.add(node);
    return by.isOperator || gate === undefined ? null : this.#problemOf(node, gate, by);
  }

  #problemOf(
    node: string,
    gate: Gate,
    { place, nowMs }: { readonly place: string; readonly nowMs: number },
  ): string | null {
    const { afterMs = 0, check } = gate;
    if (gate.afterMs === undefined && check === undefined) return "only an operator opens it";
    const sinceMs = this.#nextSinceMs.get(node);
    if (sinceMs === undefined) return "its wave is not next, or control is not running";
    if (nowMs - sinceMs < afterMs) return `its wave is next for ${nowMs - sinceMs} ms`;
    if (check === undefined) return null;
    const made = this.#checks.get(place) ?? [];
    const lastBad = made.findLastIndex(({ isGood }) => !isGood);
    const [first] = made.slice(lastBad + 1).filter(({ atMs }) => atMs >= sinceMs + afterMs);
    if (first === undefined) return `${place} has made no check that holds`;
    const heldMs = nowMs - first.atMs;
    return heldMs >= check.forMs ? null : `its check has held for ${heldMs} ms`;
  }
}
