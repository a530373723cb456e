/**
 * Text on a terminal that is redrawn in place.
 *
 * @module
 */

import { createLogUpdate } from "log-update";
import process from "node:process";
import { terminalText } from "./terminal_text.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Text that is redrawn in place. */
export interface LiveText {
  /** Replaces the text. */
  update(text: string): void;
  /** Removes the text. */
  clear(): void;
  /** Leaves the text on the terminal and shows the cursor again. */
  done(): void;
}

/**
 * Creates a live text on stdout. It hides the cursor itself and does not leave that to log-update, which installs a signal
 * handler to show the cursor again: finding no other handler of Node's kind, that one would end the process at the first
 * Ctrl-C, and the command could not stop in order.
 */
export function createLiveText(): LiveText {
  const live = createLogUpdate(process.stdout, { showCursor: true });
  let isHidden = false;
  function showCursor(): void {
    if (!isHidden) return;
    isHidden = false;
    globalThis.removeEventListener("unload", showCursor);
    process.stdout.write(SHOW_CURSOR);
  }
  return {
    update(text) {
      if (!isHidden) {
        isHidden = true;
        // A second Ctrl-C ends the process, and no `finally` runs.
        globalThis.addEventListener("unload", showCursor);
        process.stdout.write(HIDE_CURSOR);
      }
      live(terminalText(text));
    },
    clear: () => live.clear(),
    done() {
      live.done();
      showCursor();
    },
  };
}
