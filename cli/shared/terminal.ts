/**
 * What is known of the terminal that stdout or stderr may be.
 *
 * @module
 */

/** The columns of the terminal; `fallback` where the output is none, as in a pipe, or is none any more. Default output: stdout. */
export function terminalColumns(
  fallback: number,
  output: { isTerminal(): boolean } = Deno.stdout,
): number {
  if (!output.isTerminal()) return fallback;
  try {
    return Deno.consoleSize().columns;
  } catch {
    return fallback;
  }
}
