/** The last line that a program wrote into its log, which is often the only one that says what went wrong. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How far from the end it is looked for. */
const TAIL_BYTES = 4096;

/** Longest text of it that is shown, in characters. */
const SHOWN_MAX = 300;

/** The last line of a file that is not blank, shortened; undefined if there is none after `fromBytes`. Never throws. */
export function lastLineOf(path: string, fromBytes = 0): string | undefined {
  try {
    const fd = openSync(path, "r");
    try {
      const sizeBytes = fstatSync(fd).size;
      const start = Math.max(sizeBytes - TAIL_BYTES, Math.min(fromBytes, sizeBytes));
      const tail = new Uint8Array(sizeBytes - start);
      const length = readSync(fd, tail, 0, tail.length, start);
      return lastLineIn(new TextDecoder().decode(tail.subarray(0, length)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** The last line of a text that is not blank, shortened; undefined if there is none. */
export function lastLineIn(text: string): string | undefined {
  const line = text.trimEnd().split("\n").at(-1)?.trim();
  if (line === undefined || line === "") return undefined;
  return line.length <= SHOWN_MAX ? line : `${line.slice(0, SHOWN_MAX - 1)}…`;
}
