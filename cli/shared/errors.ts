/**
 * How errors reach a user: as one message that says what was expected, what was there, and what to do.
 *
 * @module
 */

/** The command line, or a file that it names, is wrong. Exit status 2; nothing has been changed. */
export class UsageError extends Error {
  /** Stable name of the error. */
  readonly code = "USAGE";
  override readonly name = "UsageError";
}

/** The command was understood and could not be done. Exit status 1. */
export class CommandError extends Error {
  /** Stable name of the error. */
  readonly code = "COMMAND_FAILED";
  override readonly name = "CommandError";
}

/** The message of an error with those of its causes, each said once. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  // Five levels: real chains have two or three, and a chain may be a circle.
  for (let next = error, depth = 0; next !== undefined && next !== null && depth < 5; depth++) {
    const message = next instanceof Error ? next.message : String(next);
    if (!messages.some((said) => said.includes(message))) messages.push(message);
    next = next instanceof Error ? next.cause : undefined;
  }
  return messages.join(": ");
}
