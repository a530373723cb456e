/**
 * The command line of `deno task bench:rollout`.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";

/** Exit status of a wrong command line. */
const EXIT_USAGE = 2;

/** Most hosts that are run over real sockets: each has two of them in the proxy, and threads or actors in a process. */
const HOSTS_MAX = 2_000;

/** What the user asked for. Ends the program with one message if the arguments are wrong, or after `--help`. */
export function parseOptions(args: readonly string[]) {
  const command = new Command("bench:rollout")
    .description(
      "What a rollout costs: operations, bytes and notifications per host, and the time from one host's stop to the next " +
        "one's, over the real client against a real ZooKeeper; beside it the plain recipe, kazoo's Lock.",
    )
    .option("--quick", "done within 50 s: small fleets, one round", false)
    .option("--json", "one JSON object on stdout", false)
    .option("--write", "write docs/benchmarks/rollout.md", false)
    .option("--hosts <counts>", "sizes of the fleets, separated by commas", parseCounts)
    .option("--ours", "ours alone, without kazoo", false)
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => Deno.exit(exitCode === 0 ? 0 : EXIT_USAGE));
  command.parse([...args], { from: "user" });
  return command.opts();
}

function parseCounts(text: string): readonly number[] {
  return text.split(",").map((word) => {
    const count = /^\d{1,6}$/.test(word) ? Number(word) : NaN;
    if (count >= 2 && count <= HOSTS_MAX) return count;
    throw new InvalidArgumentError(
      `Expected whole numbers from 2 to ${HOSTS_MAX}, separated by commas, was ${word}.`,
    );
  });
}
