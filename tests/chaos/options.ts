/**
 * The command line of `deno task test:chaos`.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { EVENT_KINDS, type EventKind } from "./schedule.ts";

/** Exit status of a wrong command line. */
const EXIT_USAGE = 2;

/** The first address of a host ends with 1, and that of everything else with 254. */
const HOSTS_MAX = 100;

/** What the user asked for. Ends the program with one message if the arguments are wrong, or after `--help`. */
export function parseChaosOptions(args: readonly string[]) {
  const command = new Command("test:chaos")
    .usage("[options]")
    .description(
      "Runs a fleet of real processes (an ensemble of three ZooKeeper servers, a tracker, a build machine, and an agent with " +
        "a service for each host), rolls out one version after the other while faults are made by a seed, and checks from " +
        "outside what the services did. Of a run in which something was wrong it shows what, the faults with their times, " +
        "and the logs of the hosts that have to do with it. Needs root, or unprivileged user namespaces.",
    )
    .option("--runs <n>", "how many runs, each with the next seed", wholeNumber(1, 10_000), 20)
    .option("--seed <n>", "the first seed", wholeNumber(0, 999_999_999), 1)
    .option("--hosts <n>", "hosts of the fleet", wholeNumber(1, HOSTS_MAX), 12)
    .option("--seconds <n>", "how long faults are made in each run", wholeNumber(1, 3_600), 60)
    .option(
      "--faults <kinds>",
      "kinds of faults and orders, separated by commas, or all or none",
      parseKinds,
      EVENT_KINDS,
    )
    .option("--verbose", "show on stderr what happens while it does", false)
    .option("--json", "one JSON object on stdout", false)
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => Deno.exit(exitCode === 0 ? 0 : EXIT_USAGE));
  command.parse([...args], { from: "user" });
  return command.opts();
}

function parseKinds(text: string): readonly EventKind[] {
  if (text === "all") return EVENT_KINDS;
  if (text === "none") return [];
  return text.split(",").map((word) => {
    const kind = EVENT_KINDS.find((one) => one === word);
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`Expected some of ${EVENT_KINDS.join(", ")}, was ${word}.`);
  });
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
