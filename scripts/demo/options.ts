/**
 * The demo's command line, checked before anything is started.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { resolve } from "node:path";
import { reasonOf } from "../../base/reason.ts";
import { layOutFleet } from "./fleet_layout.ts";
import { parseSizeBytes } from "./units.ts";

/** What the user asked for. */
export interface DemoOptions {
  readonly hostsCount: number;
  /** A file or folder that both services get as their blob; `null`: made up. */
  readonly blobPath: string | null;
  /** Size of a made-up blob. */
  readonly blobSizeBytes: number;
  /** The host whose agent is killed in the middle. */
  readonly killHost: string | null;
  /** ZooKeeper servers to use in place of the embedded coordinator. */
  readonly zookeeper: string | null;
  /** A binary of rollcall to run the fleet with; `null`: the source. */
  readonly program: string | null;
  readonly json: boolean;
  /** Leave the work folder in place. */
  readonly keep: boolean;
}

/** Where help and complaints go. */
export interface OptionsOutput {
  writeOut(text: string): void;
  writeErr(text: string): void;
}

// A rollout needs somebody to wait for and somebody to wait.
const MIN_HOSTS = 2;
// Each host is three processes and about 200 MB.
const MAX_HOSTS = 64;
const DEFAULT_HOSTS = 6;
const DEFAULT_BLOB_SIZE = "24M";

/** Exit status of a wrong command line. */
export const EXIT_USAGE = 2;

/** Reads the arguments. Throws commander's `CommanderError` after it has said what is wrong, or for `--help`. */
export function parseDemoOptions(args: readonly string[], output: OptionsOutput): DemoOptions {
  const command = new Command("demo")
    .usage("[options]")
    .description(
      "Brings up a whole fleet on this machine (coordinator, tracker, build machine, agents in two sites of two racks), " +
        "installs v1 of two services and rolls v2 out live: A before B, one host at a time. " +
        "Exits 0 only if every host runs v2 and no invariant was broken, and leaves nothing behind.",
    )
    .option("--hosts <n>", `hosts, from ${MIN_HOSTS} to ${MAX_HOSTS}`, parseHosts, DEFAULT_HOSTS)
    .option("--blob <path>", "a file or folder of yours as the blob of both services")
    .option(
      "--blob-size <size>",
      `size of the made-up blob of a release, such as 24M (default: ${DEFAULT_BLOB_SIZE})`,
      parseSize,
    )
    .option("--kill <host>", "kill this host's agent (SIGKILL) in the middle, start it again later")
    .option(
      "--zookeeper <servers>",
      "use this ZooKeeper (host:port, several with commas) in place of the embedded coordinator",
    )
    .option(
      "--program <path>",
      "run the fleet with this binary (dist/rollcall) in place of the source",
    )
    .option("--json", "print one JSON object on stdout at the end, progress on stderr")
    .option("--keep", "leave the work folder in place: configs, logs, releases")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.writeOut(text),
      writeErr: (text) => output.writeErr(text),
    });
  command.parse([...args], { from: "user" });
  const options = command.opts();

  const refuse = (message: string) => command.error(`error: ${message}`, { exitCode: EXIT_USAGE });
  if (options.blob !== undefined) {
    if (options.blobSize !== undefined) {
      refuse("--blob and --blob-size: expected one of them, since your own blob has its own size");
    }
    const problem = blobProblem(options.blob);
    if (problem !== null) refuse(`--blob: ${problem}`);
  }
  if (options.program !== undefined) {
    const problem = programProblem(options.program);
    if (problem !== null) refuse(`--program: ${problem}`);
  }
  const known = layOutFleet(options.hosts).map(({ name }) => name);
  if (options.kill !== undefined && !known.includes(options.kill)) {
    refuse(`--kill: no host is called "${options.kill}" (the hosts are ${known.join(", ")})`);
  }
  return {
    hostsCount: options.hosts,
    blobPath: options.blob ?? null,
    blobSizeBytes: options.blobSize ?? parseSize(DEFAULT_BLOB_SIZE),
    killHost: options.kill ?? null,
    zookeeper: options.zookeeper ?? null,
    program: options.program === undefined ? null : resolve(options.program),
    json: options.json ?? false,
    keep: options.keep ?? false,
  };
}

function parseHosts(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < MIN_HOSTS || count > MAX_HOSTS) {
    throw new InvalidArgumentError(
      `expected a whole number from ${MIN_HOSTS} to ${MAX_HOSTS}, was "${text}".`,
    );
  }
  return count;
}

function parseSize(text: string): number {
  const sizeBytes = parseSizeBytes(text);
  if (sizeBytes === null) {
    throw new InvalidArgumentError(`expected a size such as 512K, 24M or 1G, was "${text}".`);
  }
  return sizeBytes;
}

function programProblem(path: string): string | null {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0
      ? null
      : `expected a program, "${path}" cannot be run`;
  } catch (error) {
    const why = reasonOf(error);
    return `cannot read "${path}": ${why}. "deno task compile" makes dist/rollcall`;
  }
}

function blobProblem(path: string): string | null {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return isFile || isDirectory ? null : `expected a file or a folder, "${path}" is neither`;
  } catch (error) {
    const why = reasonOf(error);
    return `cannot read "${path}": ${why}`;
  }
}
