/**
 * The history of rollouts, as text for a terminal. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import type {
  History,
  RecordedEvent,
  RecordedRollout,
  RolloutHistory,
} from "../../coordination/mod.ts";
import { formatDay, formatTimeOfDay, formatTimeSpan, wrapWords } from "../shared/format.ts";
import { plain } from "../shared/terminal_text.ts";

/** Lines that the reason of a failure takes at the most. */
const REASON_LINES = 6;

/** Renders the list of all rollouts, the newest first. */
export function renderHistory(told: History): string {
  const { rollouts, problems } = plain(told);
  const lines = rollouts.flatMap((rollout) => renderRollout(rollout));
  if (rollouts.length === 0) lines.push("There has been no rollout yet.");
  else lines.push(pc.dim("What happened in one, host by host: rollcall rollout history ID"));
  return [...lines, ...problems.map(renderProblem)].join("\n");
}

/** Renders what happened in one rollout. */
export function renderEvents(
  told: RolloutHistory,
  { columns }: { readonly columns: number },
): string {
  const { rollout, events, problems } = plain(told);
  const lines = rollout === null ? [] : renderRollout(rollout);
  let day = "";
  for (const event of events) {
    // Times are those of the ensemble, which are in the order of the tree.
    if (formatDay(event.atMs) !== day) lines.push(pc.dim(`${day = formatDay(event.atMs)} UTC`));
    lines.push(...renderEvent(event, columns));
  }
  if (events.length === 0) lines.push("No host has switched, and nobody has said anything.");
  return [...lines, ...problems.map(renderProblem)].join("\n");
}

function renderRollout(rollout: RecordedRollout): string[] {
  const { id, by, reason, state, startedMs, endedMs, waves, rollsBack, rolledBack, ignoresFreeze } =
    rollout;
  const color = state === "finished" ? pc.green : state === "aborted" ? pc.red : pc.cyan;
  const took = endedMs === null ? "" : ` after ${formatTimeSpan(endedMs - startedMs)}`;
  const changes = waves.map(({ service, from, version, hosts, finishedMs }) => {
    const some = hosts === null
      ? ""
      : ` on ${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`}`;
    const change = describeChange({ from, to: version });
    return `${finishedMs === null ? "·" : "✔"} ${service} ${change}${some}`;
  });
  return [
    `${pc.bold(id)}  ${color(state)}${took}  by ${by}`,
    `  ${changes.length === 0 ? "nothing to switch" : changes.join("   ")}`,
    ...(reason === undefined ? [] : [`  reason: ${reason}`]),
    ...(rollsBack === undefined ? [] : [`  rolls back ${rollsBack}`]),
    ...(rolledBack === undefined
      ? []
      : [`  rolled back by ${rolledBack.by}: ${rolledBack.reason}`]),
    ...(ignoresFreeze === undefined || rollsBack !== undefined
      ? []
      : [`  freeze windows did not hold, by ${ignoresFreeze.by}: ${ignoresFreeze.reason}`]),
  ];
}

function renderEvent(event: RecordedEvent, columns: number): string[] {
  const at = pc.dim(formatTimeOfDay(event.atMs));
  if (event.kind === "order") {
    const about = [event.host, event.service].filter((part) => part !== undefined).join(" ");
    const what = `${event.order}${about === "" ? "" : ` ${about}`} by ${event.by}`;
    return [
      `${at}  ${event.order === "halt" ? pc.red(what) : pc.yellow(what)}`,
      ...reasonLines(event.reason, columns),
    ];
  }
  const { service, host, from, to, outcome, reason, cause, steps, lines = [] } = event;
  const said = [
    ...reasonLines(reason, columns),
    ...lines.map((line) => pc.dim(`            | ${line}`)),
  ];
  if (outcome === "failed" && cause !== undefined && cause !== "switch") {
    return [`${at}  ${pc.red("✘")} ${host}  ${service} ${to} ${FAILED[cause]}`, ...said];
  }
  const tookMs = steps.reduce((sum, step) => sum + step.tookMs, 0);
  const parts = steps.map(({ step, tookMs }) =>
    `${step.replace("_", " ")} ${formatTimeSpan(tookMs)}`
  );
  const sign = outcome === "switched" ? pc.green("✔") : pc.red("✘");
  const head = `${at}  ${sign} ${host}  ${service} ${describeChange({ from, to })}  ${
    formatTimeSpan(tookMs)
  }`;
  const took = `(${parts.join(", ")})`;
  const isBeside = stripVTControlCharacters(`${head} ${took}`).length <= columns;
  return [
    isBeside ? `${head} ${pc.dim(took)}` : head,
    ...(isBeside ? [] : reasonLines(took, columns).map(pc.dim)),
    ...said,
  ];
}

/** From which version to which; a restart keeps it. */
function describeChange(
  { from, to }: { readonly from: string | null; readonly to: string },
): string {
  return from === to ? `${to} started anew` : `${from ?? "nothing"} → ${to}`;
}

/** What has failed where no switch has. */
const FAILED = { preparation: "could not be prepared", watch: "failed after its switch" } as const;

function reasonLines(reason: string | null, columns: number): string[] {
  if (reason === null) return [];
  return wrapWords(reason, { columns: Math.max(40, columns - 10), maxLines: REASON_LINES })
    .map((line) => `          ${line}`);
}

function renderProblem(problem: string): string {
  return pc.yellow(`! ${problem}`);
}
