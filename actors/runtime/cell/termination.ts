/**
 * The end of one incarnation, step by step: its children end from right to left, then `onStop` runs
 * within its deadline. Whether a restart follows, or the end for good, is decided by the cell.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import { startStopDeadline } from "./stop_deadline.ts";
import type { Cancel } from "../clock.ts";
import { type StopReason } from "../stop_reason.ts";
import { DEFAULT_STOP_DEADLINE_MS } from "../actor_definition.ts";
import type { Incarnation } from "./incarnation.ts";

/** Ends one incarnation. */
export class Termination {
  /** Why the incarnation ends. */
  readonly reason: StopReason;
  readonly #cell: Cell;
  readonly #incarnation: Incarnation;
  /** The children that have not ended yet, from left to right. */
  readonly #childrenToStop: Cell[] | undefined;
  /** Whether all children have ended, and `onStop` was called. */
  #isCleaningUp = false;
  #cancelDeadline: Cancel | undefined;

  constructor(cell: Cell, incarnation: Incarnation, reason: StopReason) {
    this.#cell = cell;
    this.#incarnation = incarnation;
    this.reason = reason;
    this.#childrenToStop = cell.children === undefined ? undefined : [...cell.children.values()];
  }

  /** Goes on as far as possible. Called again whenever a child has ended. */
  continue(): void {
    if (this.#isCleaningUp || this.#awaitsChild()) return;
    this.#isCleaningUp = true;
    if (this.#incarnation.initialised) this.#callOnStop();
    if (this.#cancelDeadline === undefined) this.#cell.finishTermination(this.reason);
  }

  /** Goes on when `onStop` has settled, or has taken too long. */
  onStopSettled(incarnation: Incarnation, late: boolean): void {
    if (incarnation !== this.#incarnation) return;
    if (late) this.#cell.runtime.counters.abandoned++;
    this.#cancelDeadline?.();
    this.#cell.finishTermination(this.reason);
  }

  #awaitsChild(): boolean {
    if (this.#childrenToStop === undefined) return false;
    while (this.#childrenToStop.at(-1)?.status === "stopped") this.#childrenToStop.pop();
    const last = this.#childrenToStop.at(-1);
    last?.requestStop();
    return last !== undefined;
  }

  #callOnStop(): void {
    const cell = this.#cell;
    const { definition, runtime: { clock, log } } = cell;
    const incarnation = this.#incarnation;
    if (definition.onStop === undefined) return;
    let cleaning: void | Promise<void>;
    try {
      cleaning = definition.onStop(incarnation.state, incarnation, this.reason);
    } catch (error) {
      log.error("actor failed to clean up", { actor: cell.path, error });
      return;
    }
    if (cleaning === undefined) return;
    this.#cancelDeadline = startStopDeadline(cleaning, {
      path: cell.path,
      clock,
      log,
      deadlineMs: cell.supervision?.stopDeadlineMs ?? definition.stopDeadlineMs ??
        DEFAULT_STOP_DEADLINE_MS,
      done: (late) => cell.sendSystemMessage({ kind: "stop_settled", incarnation, late }),
    });
  }
}
