/**
 * The options that all benchmarks have.
 *
 * @module
 */

import { newCommand } from "../command_line.ts";

/** What `--help` says of a benchmark. */
export interface BenchDescription {
  /** As in `deno task bench:NAME`. */
  readonly name: string;
  /** What is compared with what. */
  readonly compares: string;
  /** What `--quick` leaves out, and how long the rest takes. */
  readonly quick: string;
  /** The page that `--write` writes, from the project's folder on. */
  readonly page: string;
}

/** A benchmark's command with the options that all have; `parse` reads the program's own arguments. */
export function benchCommand({ name, compares, quick, page }: BenchDescription) {
  return newCommand(`bench:${name}`, compares)
    .option("--quick", quick, false)
    .option("--json", "one object with the rows on stdout", false)
    .option("--write", `write ${page}`, false);
}
