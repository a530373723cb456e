/**
 * The errors of commands. Each reaches the user as one message that says what was expected, what was there, and what to do.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";

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

/** The command has not waited any longer, and what it waited for goes on. Exit status 3. */
export class TimedOutError extends Error {
  /** Stable name of the error. */
  readonly code = "TIMED_OUT";
  override readonly name = "TimedOutError";
}

/** Ctrl-C or a signal has ended the command before what it waited for has ended. Exit status 130, as a shell reports it. */
export class InterruptedError extends Error {
  /** Stable name of the error. */
  readonly code = "INTERRUPTED";
  override readonly name = "InterruptedError";
}

/**
 * Nobody reads what the command prints any more (`rollcall … | head`). Exit status 141, as a shell reports SIGPIPE. The message
 * says what goes on all the same, and is empty where nothing does.
 */
export class OutputClosedError extends Error {
  /** Stable name of the error. */
  readonly code = "OUTPUT_CLOSED";
  override readonly name = "OutputClosedError";
}

/** The message of an error and those of its causes; a message that is part of an earlier one is left out. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  // At most five levels: real chains have two or three, and a chain of causes may be a circle.
  for (let next = error, depth = 0; next !== undefined && next !== null && depth < 5; depth++) {
    const message = reasonOf(next);
    if (!messages.some((said) => said.includes(message))) messages.push(message);
    next = next instanceof Error ? next.cause : undefined;
  }
  return messages.join(": ");
}
