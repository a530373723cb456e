/**
 * The actors of an agent as text for a terminal: the tree, the last events, and what one actor handles. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { RecordedEvent, TracedMessage } from "../../actors/observer/contract.ts";
import type { ObservedActor } from "../../actors/runtime/mod.ts";
import { cut, formatCount } from "../shared/format.ts";
import { plain } from "../shared/terminal_text.ts";

/** How large the view may be. */
export interface ActorsViewOptions {
  /** The host that the actors are on. */
  readonly host: string;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Rows of the terminal; actors that do not fit are only counted. Default: no limit, as for a pipe. */
  readonly rows?: number;
}

/** Titles of the columns with numbers, padded to the width of the column. */
const NUMBERS = {
  waiting: " waiting",
  rate: "   msg/s",
  time: "  ms/msg",
  drops: "  drops",
  restarts: " restarts",
} as const;
const NUMBER_TITLES = Object.values(NUMBERS).join("");
const MIN_TREE_COLUMNS = 20;
/** A narrower column of states would be of no use; the tree is cut instead. */
const MIN_STATE_COLUMNS = 24;
/** With more waiting messages than this, a tenth of a mailbox, an actor cannot keep up. */
const WAITING_ALARM = 100;
/** The lines of the host, of the titles, of the count of actors left out, and of the cursor. */
const ROWS_BESIDE_TREE = 4;

/** Renders the tree, one line for each actor. */
export function renderActors(
  told: readonly ObservedActor[],
  { host, columns, rows: height = Infinity }: ActorsViewOptions,
): string {
  const actors = plain(told);
  const rows = actors.flatMap((actor) => rowsOf(actor, { lead: "", below: "" }));
  const shown = rows.slice(0, Math.max(1, height - ROWS_BESIDE_TREE));
  const hidden = rows.length - shown.length;
  const widest = Math.max(MIN_TREE_COLUMNS, ...shown.map(({ label }) => label.length));
  const roomForTexts = columns - NUMBER_TITLES.length - 2;
  const treeColumns = Math.max(
    MIN_TREE_COLUMNS,
    Math.min(widest, roomForTexts - MIN_STATE_COLUMNS),
  );
  const stateColumns = roomForTexts - treeColumns;
  const head = `${"actor".padEnd(treeColumns)}${NUMBER_TITLES}  state`;
  const lines = shown.map(({ label, actor }) => {
    const tree = cut(label, treeColumns).padEnd(treeColumns);
    const state = stateColumns <= 0 ? "" : cut(stateOf(actor), stateColumns);
    const numbers = `${actor.status === "running" ? tree : pc.red(tree)}${numbersOf(actor)}`;
    // An empty text is not coloured, since the codes would keep blanks at the end of the line.
    return state === "" ? numbers : `${numbers}  ${pc.dim(state)}`;
  });
  if (hidden > 0) lines.push(pc.dim(`… ${hidden} more; a higher window shows them, or --json`));
  return [titleOf(rows, { host, columns }), pc.dim(head.slice(0, columns)), ...lines].join("\n");
}

interface Row {
  readonly label: string;
  readonly actor: ObservedActor;
}

/** An actor and all below it. `lead` is drawn before its name, `below` before the names of its children. */
function rowsOf(
  actor: ObservedActor,
  { lead, below }: { readonly lead: string; readonly below: string },
): readonly Row[] {
  const { children } = actor;
  return [
    { label: `${lead}${actor.name}`, actor },
    ...children.flatMap((child, index) =>
      index < children.length - 1
        ? rowsOf(child, { lead: `${below}├─ `, below: `${below}│  ` })
        : rowsOf(child, { lead: `${below}└─ `, below: `${below}   ` })
    ),
  ];
}

function titleOf(
  rows: readonly Row[],
  { host, columns }: { readonly host: string; readonly columns: number },
): string {
  const sum = (of: (actor: ObservedActor) => number): number =>
    rows.reduce((total, { actor }) => total + of(actor), 0);
  const parts = [
    formatCount(rows.length, "actor"),
    `${sum(({ handledPerSecond }) => handledPerSecond ?? 0).toFixed(1)} messages/s`,
    formatCount(sum(({ mailboxLength }) => mailboxLength), "message") + " waiting",
    formatCount(sum(({ restarts }) => restarts), "restart"),
    formatCount(sum(({ dropped }) => dropped), "drop"),
  ];
  return `${pc.bold(host)}: ${cut(parts.join(", "), columns - host.length - 2)}`;
}

function numbersOf(actor: ObservedActor): string {
  const { mailboxLength, handledPerSecond, msPerMessage, dropped, restarts } = actor;
  return [
    number("waiting", mailboxLength, { isAlarm: mailboxLength > WAITING_ALARM }),
    number("rate", handledPerSecond, { digits: 1 }),
    number("time", msPerMessage, { digits: 2 }),
    number("drops", dropped, { isAlarm: dropped > 0 }),
    number("restarts", restarts, { isAlarm: restarts > 0 }),
  ].join("");
}

/** A number, right-aligned in its column. Zeros are dim, so that the others stand out; null, for what is not known, is blank. */
function number(
  column: keyof typeof NUMBERS,
  value: number | null,
  { digits = 0, isAlarm = false }: { readonly digits?: number; readonly isAlarm?: boolean },
): string {
  const text = (value === null ? "" : value.toFixed(digits)).padStart(NUMBERS[column].length);
  if (isAlarm) return pc.yellow(text);
  return Number(text) === 0 ? pc.dim(text) : text;
}

/** The actor's status unless it runs, and its summary as `key: value` pairs, without the empty ones. */
function stateOf({ status, summary }: ObservedActor): string {
  const text = describe(summary);
  return status === "running" ? text : `${status} ${text}`.trim();
}

function describe(summary: unknown): string {
  if (typeof summary === "string") return oneLine(summary);
  if (typeof summary !== "object" || summary === null) return summary === null ? "" : `${summary}`;
  if (Array.isArray(summary)) return summary.map(describe).join(", ");
  return Object.entries(summary)
    .map(([key, value]): [string, string] => [key, inner(value)])
    .filter(([, text]) => text !== "")
    .map(([key, text]) => `${key}: ${text}`)
    .join("; ");
}

function inner(value: unknown): string {
  const text = describe(value);
  const isPlain = typeof value !== "object" || value === null || Array.isArray(value);
  return isPlain || text === "" ? text : `(${text})`;
}

/** The last events, one line each; failures, restarts and dead letters are coloured. */
export function renderEvents(events: readonly RecordedEvent[]): string {
  return plain(events).map(({ at, type, path, detail }) => {
    const text = `${timeOf(at)}  ${type.replace("_", " ").padEnd(11)}  ${path}${
      detail === null ? "" : `: ${oneLine(detail)}`
    }`;
    if (type === "failed") return pc.red(text);
    return type === "restarted" || type === "dead_letter" ? pc.yellow(text) : text;
  }).join("\n");
}

/** One message that a traced actor has handled, as a line. */
export function renderTraced(message: TracedMessage): string {
  const { at, tookMs, kind, text, failure } = plain(message);
  const what = kind === "signal" ? `signal ${text}` : text;
  const line = `${timeOf(at)}  ${tookMs.toFixed(2).padStart(8)} ms  ${oneLine(what)}`;
  return failure === null ? line : pc.red(`${line}  threw ${oneLine(failure)}`);
}

/** The time of day of an ISO 8601 time: `14:03:07.123`, in UTC like all logs of the agent. */
function timeOf(iso: string): string {
  return iso.slice(11, 23);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
