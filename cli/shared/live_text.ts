/**
 * Text on a terminal that is drawn over itself.
 *
 * @module
 */

import { createLogUpdate } from "log-update";
import process from "node:process";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Text that is drawn over itself. */
export interface LiveText {
  /** Replaces what stands there. */
  update(text: string): void;
  /** Takes it away. */
  clear(): void;
  /** Leaves it standing and gives the terminal back. */
  done(): void;
}

/**
 * On stdout. The cursor is hidden here and not by log-update, which would end the process at the first Ctrl-C to show it
 * again: it sees no handler of Node's kind and takes it that there is none, and the command's orderly stop never comes.
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
        // A second Ctrl-C ends the process without any `finally`.
        globalThis.addEventListener("unload", showCursor);
        process.stdout.write(HIDE_CURSOR);
      }
      live(text);
    },
    clear: () => live.clear(),
    done() {
      live.done();
      showCursor();
    },
  };
}
