/**
 * The command line of `deno task compile`.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { findTarget, ownTarget, type Target, TARGETS } from "./targets.ts";

/** What the user asked for. */
export interface CompileOptions {
  readonly target: Target;
  /** Relative to the project's root. */
  readonly output: string;
  /** The command line that says the same. */
  readonly task: string;
}

/** Exit status of a wrong command line. */
export const EXIT_USAGE = 2;

const NAMES = TARGETS.map(({ name }) => name).join(" or ");

/** Reads the arguments. Throws commander's `CommanderError` after it has said what is wrong, or for `--help`. */
export function parseCompileOptions(
  args: readonly string[],
  output: { writeOut(text: string): void; writeErr(text: string): void },
): CompileOptions {
  const command = new Command("compile")
    .usage("[options]")
    .description(
      "Makes one binary of the whole program, dist/rollcall, or dist/rollcall-NAME for a target that is named. " +
        "It needs the runtime of this Deno (denort): Deno fetches it from its site at first use, or DENORT_BIN names it.",
    )
    .option("--target <name>", `${NAMES}; the default is this machine`, parseTarget)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.writeOut(text),
      writeErr: (text) => output.writeErr(text),
    });
  command.parse([...args], { from: "user" });
  const { target } = command.opts();
  const task = "deno task compile";
  if (target !== undefined) {
    return {
      target,
      output: `dist/rollcall-${target.name}`,
      task: `${task} --target ${target.name}`,
    };
  }
  const own = ownTarget();
  if (own !== undefined) return { target: own, output: "dist/rollcall", task };
  return command.error(
    `error: this machine is ${Deno.build.target}, which is no target; expected --target ${NAMES}`,
    { exitCode: EXIT_USAGE },
  );
}

function parseTarget(name: string): Target {
  const target = findTarget(name);
  if (target !== undefined) return target;
  throw new InvalidArgumentError(`expected ${NAMES}, was "${name}".`);
}
