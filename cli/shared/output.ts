/**
 * Writes results to stdout: text for people or JSON for programs.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes text to stdout as it is. */
export function writeText(text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** Writes one line to stdout. */
export function writeLine(line: string): void {
  writeText(`${line}\n`);
}

/** Writes one JSON document as one line, for programs that read line by line. */
export function writeJson(value: unknown): void {
  writeLine(JSON.stringify(value));
}
