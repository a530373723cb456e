/**
 * Writes results to stdout: text for people or JSON for programs. All of it passes `terminal_text.ts`, since parts of it come
 * from other machines.
 *
 * @module
 */

import { OutputClosedError } from "./errors.ts";
import { plainText, terminalJson, terminalText } from "./terminal_text.ts";

const encoder = new TextEncoder();

/** Writes one line, or several, to stdout. @throws {OutputClosedError} when nobody reads it any more; so do the others here. */
export function writeLine(line: string): void {
  write(`${terminalText(line)}\n`);
}

/** Writes what others have written as it is, but for what a terminal could obey. */
export function writeText(text: string): void {
  write(plainText(text));
}

/** Writes one JSON document as one line, for programs that read line by line. */
export function writeJson(value: unknown): void {
  write(`${terminalJson(value)}\n`);
}

function write(text: string): void {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    throw new OutputClosedError();
  }
}
