/**
 * The end of one incarnation in its steps: children right to left, then `onStop` within its
 * deadline. What comes after that, a restart or the end for good, is the cell's affair.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import { startStopDeadline } from "./stop_deadline.ts";
import type { Cancel } from "../clock.ts";
import { DEFAULT_STOP_DEADLINE_MS, type StopReason } from "../actor_definition.ts";
import type { Incarnation } from "./incarnation.ts";

/** See the head of this file. */
export class Termination {
  /** Why it ends. */
  readonly reason: StopReason;
  readonly #cell: Cell;
  readonly #incarnation: Incarnation;
  /** The children that are still there, left to right. */
  readonly #toStop: Cell[] | undefined;
  /** Whether `onStop` was called. */
  #cleaning = false;
  #cancelDeadline: Cancel | undefined;

  constructor(cell: Cell, incarnation: Incarnation, reason: StopReason) {
    this.#cell = cell;
    this.#incarnation = incarnation;
    this.reason = reason;
    this.#toStop = cell.children === undefined ? undefined : [...cell.children.values()];
  }

  /** Goes on as far as it can; called again whenever a child is gone. */
  continue(): void {
    if (this.#cleaning || this.#awaitsChild()) return;
    this.#cleaning = true;
    if (this.#incarnation.initialised) this.#cleanUp();
    if (this.#cancelDeadline === undefined) this.#cell.finishEnd(this.reason);
  }

  /** Goes on when the clean-up is over, or has taken too long. */
  onCleanedUp(incarnation: Incarnation, late: boolean): void {
    if (incarnation !== this.#incarnation) return;
    if (late) this.#cell.runtime.counters.abandoned++;
    this.#cancelDeadline?.();
    this.#cell.finishEnd(this.reason);
  }

  #awaitsChild(): boolean {
    if (this.#toStop === undefined) return false;
    while (this.#toStop.at(-1)?.status === "stopped") this.#toStop.pop();
    const last = this.#toStop.at(-1);
    last?.requestStop();
    return last !== undefined;
  }

  #cleanUp(): void {
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
      done: (late) => cell.control({ kind: "cleaned_up", incarnation, late }),
    });
  }
}
