/**
 * Where the view of a transfer goes: drawn over itself on a terminal, a line now and then into a pipe or log, nowhere
 * when a program reads JSON.
 *
 * @module
 */

import { renderTransfer, renderTransferLine, type TransferView } from "./progress_view.ts";
import { createLiveText } from "../shared/live_text.ts";
import { writeLine } from "../shared/output.ts";

/** Shows a transfer. */
export interface ProgressDisplay {
  /** How often to call `show`, in milliseconds. */
  readonly intervalMs: number;
  show(view: TransferView): void;
  /** Takes the bar away and leaves a line in its place; nothing where a program reads. */
  say(line: string): void;
  /** Gives the terminal back. */
  done(): void;
}

/** Smooth enough to the eye, and no load. */
const TERMINAL_INTERVAL_MS = 200;
/** Between two looks at what might be worth a line. */
const LINE_INTERVAL_MS = 1_000;
/** Between two lines of a transfer in which nothing changes but the numbers. */
const LINE_GAP_MS = 15_000;
/** Columns where the terminal does not say. */
const DEFAULT_COLUMNS = 80;

/** A display for stdout as it is. `now` in milliseconds. */
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
    show: (view) => live.update(renderTransfer(view, { columns: terminalColumns() })),
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
      if (shouldSay(view)) writeLine(renderTransferLine(view));
    },
    say: writeLine,
    done() {},
  };
}

/** Whether a view is worth a line: another phase or trouble at once, mere progress every 15 s. */
export function lineGate(now: () => number): (view: TransferView) => boolean {
  let last: { readonly subject: string; readonly atMs: number } | undefined;
  return (view) => {
    const subject = `${view.phase} ${view.trouble ?? ""}`;
    if (last?.subject === subject && now() - last.atMs < LINE_GAP_MS) return false;
    last = { subject, atMs: now() };
    return true;
  };
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    // Not a terminal any more.
    return DEFAULT_COLUMNS;
  }
}
