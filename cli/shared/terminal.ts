/**
 * What is known of the terminal that stdout may be.
 *
 * @module
 */

/** The columns of the terminal; `fallback` where stdout is none, as in a pipe, or is none any more. */
export function terminalColumns(fallback: number): number {
  if (!Deno.stdout.isTerminal()) return fallback;
  try {
    return Deno.consoleSize().columns;
  } catch {
    return fallback;
  }
}
