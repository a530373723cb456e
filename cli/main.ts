/**
 * The entry of the command line: runs the command that the arguments name and turns a failure into an exit status and one
 * clear message: 2 for wrong usage, 1 for failure, 3 for what has not ended in time. Stack traces are shown only with
 * `ROLLCALL_DEBUG=1`.
 *
 * From here calls go to `program.ts` (options and help of all commands), then to the file of the command, which bears the
 * command's name: beside this one, or in the room of that name where the command has several files. What commands share
 * (options, output, logging, YAML files, ways to ZooKeeper and to agents) is in `shared/`.
 *
 * @module
 */

import { CommanderError } from "@commander-js/extra-typings";
import {
  describeError,
  InterruptedError,
  OutputClosedError,
  TimedOutError,
  UsageError,
} from "./shared/errors.ts";
import { wrapLines } from "./shared/format.ts";
import { terminalColumns } from "./shared/terminal.ts";
import { plainText } from "./shared/terminal_text.ts";
import { createProgram } from "./program.ts";

/** Exit status for a command line, plan or config that is wrong. */
export const EXIT_USAGE = 2;

/** Exit status for a command that was understood and failed. */
export const EXIT_FAILURE = 1;

/** Exit status for a command that has not waited any longer for something that goes on. */
export const EXIT_TIMED_OUT = 3;

/** Exit status for a command that a signal has ended before what it waited for: 128 + 2, as a shell reports SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** Exit status for a command whose output nobody reads any more: 128 + 13, as a shell reports SIGPIPE. */
export const EXIT_OUTPUT_CLOSED = 141;

/** Runs one command to its end and returns the exit status. Prints errors to stderr. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its message by now; --help and --version end here as well, with status 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof OutputClosedError && error.message === "") return EXIT_OUTPUT_CLOSED;
    const columns = terminalColumns(Infinity, Deno.stderr);
    await writeError(wrapLines(`rollcall: ${plainText(describeError(error))}\n`, columns));
    if (isDebugging() && error instanceof Error) {
      await writeError(`${plainText(error.stack ?? "")}\n`);
    }
    return statusOf(error);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof TimedOutError) return EXIT_TIMED_OUT;
  if (error instanceof OutputClosedError) return EXIT_OUTPUT_CLOSED;
  return error instanceof InterruptedError ? EXIT_INTERRUPTED : EXIT_FAILURE;
}

/** Whether stack traces were asked for; false without the permission to read the environment. */
function isDebugging(): boolean {
  try {
    return Deno.env.get("ROLLCALL_DEBUG") === "1";
  } catch {
    return false;
  }
}

async function writeError(text: string): Promise<void> {
  // Stderr may be closed (`rollcall … 2>&1 | head`); then nobody reads the message.
  await Deno.stderr.write(new TextEncoder().encode(text)).catch(() => {});
}
