/**
 * A tree of actors as text for a terminal. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { ObservedActor } from "../actors/runtime/mod.ts";

/** How wide the view may be. */
export interface ActorsViewOptions {
  /** The host that the actors are on. */
  readonly host: string;
  /** Columns of the terminal. */
  readonly columns: number;
}

/** Columns that the numbers take; the tree and the summaries share what is left. */
const NUMBER_COLUMNS = 9;
const MIN_TREE_COLUMNS = 28;
const NUMBERS = ["waiting", "per s", "ms/msg", "drops", "restarts"] as const;

/** Renders the tree, an actor a line. */
export function renderActors(
  actors: readonly ObservedActor[],
  { host, columns }: ActorsViewOptions,
): string {
  const rows = actors.flatMap((actor) => rowsOf(actor, ""));
  const treeColumns = Math.max(MIN_TREE_COLUMNS, ...rows.map(({ label }) => label.length));
  const summaryColumns = Math.max(0, columns - treeColumns - NUMBERS.length * NUMBER_COLUMNS - 2);
  const head = `${"actor".padEnd(treeColumns)}${NUMBERS.map(right).join("")}  state`;
  const lines = rows.map(({ label, actor }) => {
    const { mailboxLength, handledPerSecond, msPerMessage, dropped, restarts } = actor;
    const numbers = [
      alarm(right(`${mailboxLength}`), mailboxLength > 100),
      right(handledPerSecond === null ? "" : handledPerSecond.toFixed(1)),
      right(msPerMessage === null ? "" : msPerMessage.toFixed(2)),
      alarm(right(`${dropped}`), dropped > 0),
      alarm(right(`${restarts}`), restarts > 0),
    ];
    const tree = label.padEnd(treeColumns);
    return `${actor.status === "running" ? tree : pc.red(tree)}${numbers.join("")}  ` +
      pc.dim(stateOf(actor).slice(0, summaryColumns));
  });
  const count = `${rows.length} actor${rows.length === 1 ? "" : "s"}`;
  return [`${pc.bold(host)}: ${count}`, pc.dim(head.slice(0, columns)), ...lines].join("\n");
}

interface Row {
  readonly label: string;
  readonly actor: ObservedActor;
}

function rowsOf(actor: ObservedActor, indent: string): readonly Row[] {
  const { children } = actor;
  return [
    { label: `${indent}${actor.name}`, actor },
    ...children.flatMap((child) => rowsOf(child, `${indent}  `)),
  ];
}

function stateOf({ status, summary }: ObservedActor): string {
  const text = summary === null
    ? ""
    : typeof summary === "string"
    ? summary
    : JSON.stringify(summary);
  return status === "running" ? text : `${status} ${text}`.trim();
}

function right(text: string): string {
  return text.padStart(NUMBER_COLUMNS);
}

function alarm(text: string, isAlarming: boolean): string {
  return isAlarming ? pc.yellow(text) : text;
}
