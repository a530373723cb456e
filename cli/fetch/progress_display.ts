/**
 * Shows the progress of a transfer: as text that is redrawn in place on a terminal, as a line now and then in a pipe or
 * log, not at all where a program reads JSON.
 *
 * @module
 */

import { type ProgressView, renderProgress, renderProgressLine } from "./progress_view.ts";
import { createLiveText } from "../shared/live_text.ts";
import { writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";

/** Shows the progress of a transfer. */
export interface ProgressDisplay {
  /** How often to call `show`, in milliseconds. */
  readonly intervalMs: number;
  show(view: ProgressView): void;
  /** Replaces the view by a line that stays; does nothing where a program reads JSON. */
  say(line: string): void;
  /** Ends the display and shows the cursor again. */
  done(): void;
}

/** Smooth enough for the eye, and of no weight for the processor. */
const TERMINAL_INTERVAL_MS = 200;
/** How often it is decided whether the transfer is worth a line. */
const LINE_INTERVAL_MS = 1_000;
/** Time between two lines while only the numbers change. */
const LINE_GAP_MS = 15_000;
/** Columns where the terminal's size is not known. */
const DEFAULT_COLUMNS = 80;

/** Creates the display that suits stdout. `now` gives milliseconds on a monotonic clock. */
export function createProgressDisplay(
  { json, now }: { readonly json: boolean; readonly now: () => number },
): ProgressDisplay {
  if (json) return { intervalMs: LINE_INTERVAL_MS, show() {}, say() {}, done() {} };
  return Deno.stdout.isTerminal() ? terminalDisplay() : lineDisplay(now);
}

function terminalDisplay(): ProgressDisplay {
  const live = createLiveText();
  return {
    intervalMs: TERMINAL_INTERVAL_MS,
    show: (view) =>
      live.update(renderProgress(view, { columns: terminalColumns(DEFAULT_COLUMNS) })),
    say(line) {
      live.clear();
      writeLine(line);
    },
    done: () => live.done(),
  };
}

function lineDisplay(now: () => number): ProgressDisplay {
  const shouldSay = lineGate(now);
  return {
    intervalMs: LINE_INTERVAL_MS,
    show(view) {
      if (shouldSay(view)) writeLine(renderProgressLine(view));
    },
    say: writeLine,
    done() {},
  };
}

/** Creates a function that says whether a view is worth a line: at once for a new phase or obstacle, every 15 s for mere progress. */
export function lineGate(now: () => number): (view: ProgressView) => boolean {
  let last: { readonly subject: string; readonly atMs: number } | undefined;
  return (view) => {
    const subject = `${view.phase} ${view.obstacle ?? ""}`;
    if (last?.subject === subject && now() - last.atMs < LINE_GAP_MS) return false;
    last = { subject, atMs: now() };
    return true;
  };
}
