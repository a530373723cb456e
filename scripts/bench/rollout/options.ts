/**
 * The command line of `deno task bench:rollout`.
 *
 * @module
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { countingNumber } from "../../command_line.ts";
import { benchCommand } from "../command_line.ts";

/** Most hosts over real sockets: each has two of them in the proxy, and actors or threads in a process. */
const REAL_HOSTS_MAX = 5_000;

/** Most hosts in virtual time: what the memory of a machine holds. */
const SIMULATED_HOSTS_MAX = 20_000;

/** What the user asked for. Ends the program with one message if the arguments are wrong, or after `--help`. */
export function parseOptions(args: readonly string[]) {
  return benchCommand({
    name: "rollout",
    compares:
      "What a rollout costs at ZooKeeper per host, and the time from one host to the next, beside kazoo's Lock",
    quick: "small fleets, one round, nothing simulated: done within 50 s in place of an hour",
    page: "docs/benchmarks/rollout.md",
  })
    .option("--hosts <counts>", "sizes of fleets, as in 10,100", sizes(REAL_HOSTS_MAX))
    .option(
      "--simulated <counts>",
      "sizes of fleets in virtual time, ours alone",
      sizes(SIMULATED_HOSTS_MAX),
    )
    .option("--rounds <n>", "how often each is measured", countingNumber)
    .option("--ours", "ours alone, without kazoo", false)
    .parse([...args], { from: "user" })
    .opts();
}

/** Reads sizes of fleets. None at all is given as an empty text. */
function sizes(max: number): (text: string) => readonly number[] {
  return (text) =>
    text === "" ? [] : text.split(",").map((word) => {
      const count = /^\d{1,6}$/.test(word) ? Number(word) : NaN;
      if (count >= 2 && count <= max) return count;
      throw new InvalidArgumentError(
        `Expected whole numbers from 2 to ${max}, separated by commas, was ${word}.`,
      );
    });
}
