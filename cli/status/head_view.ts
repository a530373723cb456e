/**
 * What stands above the hosts: the rollout, its waves, and what stops it with the commands that go on from there. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { Fleet } from "../../coordination/mod.ts";
import { type Control, stopsOf } from "../../rollout/mod.ts";
import { formatTimeSpan, wrapWords } from "../shared/format.ts";
import { renderWaves } from "./waves_view.ts";

/** The width of the view, and the time, in milliseconds since 1970, from which ages are computed. */
export interface HeadViewOptions {
  readonly columns: number;
  readonly nowMs: number;
}

/** The most lines of one text: a reason may be as long as what a program has written. */
const TEXT_LINES = 6;

const MARGIN = "         ";

/** Renders the head, no line wider than `columns`, apart from lines that are commands to copy. */
export function renderHead(fleet: Fleet, { columns, nowMs }: HeadViewOptions): string {
  const { control, rollout } = fleet;
  const wrapped = (text: string) => wrapWords(text, { columns, maxLines: TEXT_LINES });
  const lines: string[] = [];
  if (rollout === null) lines.push("No rollout yet.");
  else {
    const tookMs = (rollout.endedMs ?? nowMs) - rollout.startedMs;
    lines.push(
      `Rollout ${pc.bold(rollout.id)} by ${rollout.by}: ${renderState(rollout.state, control)}, ${
        formatTimeSpan(tookMs)
      }`,
    );
    if (rollout.reason !== undefined) lines.push(...wrapped(`Reason: ${rollout.reason}`));
    if (rollout.rollsBack !== undefined) lines.push(`Rollback of ${rollout.rollsBack}`);
    if (rollout.rolledBack !== undefined) {
      const { by, reason } = rollout.rolledBack;
      lines.push(...wrapped(`Rolled back by ${by}: ${reason}`));
    }
    // No rollback is held up by windows, and its own line says what it is.
    if (rollout.ignoresFreeze !== undefined && rollout.rollsBack === undefined) {
      const { by, reason } = rollout.ignoresFreeze;
      lines.push(...wrapped(`Freeze windows do not hold for it, by ${by}: ${reason}`));
    }
    lines.push(...renderWaves(rollout, fleet, { columns }));
  }
  if (control !== null && control.state !== "running") {
    const { halt, pause } = stopsOf(control);
    if (halt !== null) {
      lines.push(...wrapped(`HALTED by ${halt.by}${told(halt.reason)}`).map(pc.red));
    }
    if (pause !== null) {
      lines.push(...wrapped(`PAUSED by ${pause.by}${told(pause.reason)}`).map(pc.yellow));
    }
    lines.push(...waysOn(fleet).map((line) => `${MARGIN}${line}`));
  }
  return lines.join("\n");
}

/** How the rollout stands: one that is under way and stopped is not said to be running. */
function renderState(state: NonNullable<Fleet["rollout"]>["state"], control: Control | null) {
  if (state !== "running") return state;
  const { halt, pause } = control === null ? { halt: null, pause: null } : stopsOf(control);
  if (halt !== null) return pc.red("halted");
  return pause === null ? pc.cyan(state) : pc.yellow("paused");
}

/** What can be done about what stops the fleet, in lines. */
export function waysOn({ control, rollout, queue, services }: Fleet): string[] {
  if (control === null || control.state === "running") return [];
  const { halt } = stopsOf(control);
  // What has ended cannot be aborted.
  if (rollout?.state !== "running") return ["rollcall rollout resume"];
  if (halt === null) return ["rollcall rollout resume | abort | rollback"];
  if (control.onFailure === "rollback" && queue.length > 0) {
    return ["the hosts roll it back, as its plan says"];
  }
  const failed = Object.values(services).flatMap(({ hosts }) =>
    hosts.filter(({ slot, version }) =>
      slot?.step === "failed" && slot.skipped === undefined && slot.to !== version
    )
  );
  const [first] = failed;
  const without = first === undefined
    ? []
    : [`without ${first.host}: rollcall rollout skip ${first.host}, then resume`];
  return [
    `what happened: rollcall rollout history ${rollout.id}`,
    "try again: rollcall rollout resume",
    ...without,
    "end it, or go back: rollcall rollout abort | rollback",
  ];
}

function told(reason: string | null): string {
  return reason === null ? "" : `: ${reason}`;
}
