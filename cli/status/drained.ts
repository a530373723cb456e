/**
 * What there is to say of a host that an operator has drained. Pure.
 *
 * @module
 */

import type { FleetHost } from "../../coordination/mod.ts";
import { describeWord, type Drained } from "../../rollout/mod.ts";
import { formatTimeSpan } from "../shared/format.ts";

/** Who has drained it, how long ago by the clock of who reads it, why, and how far its agent is; `null`: nobody has. */
export function describeDrained(
  { drained, drainDone, online }: Pick<FleetHost, "drained" | "drainDone" | "online">,
  nowMs: number,
): string | null {
  if (drained === null) return null;
  const { ended } = drained;
  // That of an earlier word stands until its agent has seen this one.
  const done = drainDone?.sinceMs === (ended ?? drained).sinceMs ? drainDone : null;
  const problem = done?.problem === undefined ? [] : [done.problem];
  if (ended !== undefined) {
    const what = online ? "is being put back" : "is put back when its agent is online";
    return [`${what}, ${describeAt(ended, nowMs)}`, ...problem].join("; ");
  }
  const isToDo = online && done === null;
  return [
    `drained ${describeAt(drained, nowMs)}`,
    ...isToDo ? ["its drain hook has still to run"] : [],
    ...done?.hasHook === false ? ["its config has no drain hook"] : [],
    ...problem,
  ].join("; ");
}

/** Who, when and why. By two clocks, so a time that makes no sense is left out. */
function describeAt({ by, reason, sinceMs }: NonNullable<Drained["ended"]>, nowMs: number): string {
  const agoMs = nowMs - sinceMs;
  const ago = agoMs < 1_000 ? "" : ` ${formatTimeSpan(agoMs)} ago`;
  return describeWord({ by: `${by}${ago}`, reason });
}
