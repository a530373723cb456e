/**
 * Runs the command that the arguments name and turns what went wrong into an exit status and one clear message: 2 for
 * wrong usage, 1 for failure. No stack traces at users, unless `ROLLCALL_DEBUG=1` asks for them.
 *
 * @module
 */

import { CommanderError } from "@commander-js/extra-typings";
import { describeError, UsageError } from "./shared/errors.ts";
import { createProgram } from "./program.ts";

/** Exit status for a command line, plan or config that is wrong. */
export const EXIT_USAGE = 2;

/** Exit status for a command that was understood and failed. */
export const EXIT_FAILURE = 1;

/** Runs one command to its end and returns the exit status. Prints errors to stderr. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its own message by now; help and version come here as well, with status 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    await writeError(`rollcall: ${describeError(error)}\n`);
    if (isDebugging() && error instanceof Error) await writeError(`${error.stack}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** Without the permission to read the environment nobody has asked for stack traces. */
function isDebugging(): boolean {
  try {
    return Deno.env.get("ROLLCALL_DEBUG") === "1";
  } catch {
    return false;
  }
}

async function writeError(text: string): Promise<void> {
  // Somebody may have closed stderr (`rollcall … 2>&1 | head`); there is nobody left to tell then.
  await Deno.stderr.write(new TextEncoder().encode(text)).catch(() => {});
}
