/**
 * The keeper as a program: its arguments, its signals, its log. The process that holds the locks
 * imports this file alone and not the rest of the program, because whatever it loads stays in memory
 * for as long as the pages do.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { runPinKeeper } from "./keeper.ts";
import { DEFAULT_MARGIN_BYTES } from "./memory_room.ts";

/** The arguments of a keeper's command line. */
export interface PinKeeperArguments {
  /** The folder to lock; absolute. */
  root: string;
  /** Where the status goes; absolute. */
  statusPath: string;
  /** The most to lock, in bytes; `Infinity` for no limit. */
  limitBytes: number;
  /** Memory that has to stay free, in bytes. Default: {@linkcode DEFAULT_MARGIN_BYTES}, as an agent of an earlier version names none. */
  marginBytes?: number | undefined;
}

/** Formats the arguments as a command line; the inverse of {@linkcode parsePinKeeperArguments}. */
export function pinKeeperArguments(options: PinKeeperArguments): string[] {
  const { root, statusPath, limitBytes, marginBytes } = options;
  const margin = marginBytes === undefined ? [] : ["--margin-bytes", String(marginBytes)];
  return ["--root", root, "--status", statusPath, "--limit-bytes", String(limitBytes), ...margin];
}

/** Parses the arguments. @throws {TypeError} when one is missing, unknown or malformed. */
export function parsePinKeeperArguments(args: readonly string[]): PinKeeperArguments {
  const values = new Map<string, string>();
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = args.slice(index, index + 2);
    if (name === undefined || value === undefined || !OPTION_NAMES.includes(name)) {
      throw new TypeError(
        `pin keeper: expected ${OPTION_NAMES.join(", ")}, each with a value, got ${args.join(" ")}`,
      );
    }
    values.set(name, value);
  }
  const [root, statusPath, limit, margin = String(DEFAULT_MARGIN_BYTES)] = OPTION_NAMES.map((
    name,
  ) => values.get(name));
  const limitBytes = limit === "Infinity" ? Infinity : Number(limit);
  const marginBytes = Number(margin);
  const isComplete = root !== undefined && statusPath !== undefined;
  if (!isComplete || !(limitBytes >= 0) || !(marginBytes >= 0)) {
    throw new TypeError(
      `pin keeper: expected ${OPTION_NAMES.join(", ")} (bytes), got ${args.join(" ")}`,
    );
  }
  return { root, statusPath, limitBytes, marginBytes };
}

const OPTION_NAMES: readonly string[] = ["--root", "--status", "--limit-bytes", "--margin-bytes"];

/**
 * Runs a keeper until SIGTERM or SIGINT and returns the exit code: 0 when it was told to end, 1 when
 * it could not lock. Its log goes to standard error, one JSON object per line.
 */
export async function runPinKeeperCommand(args: readonly string[]): Promise<number> {
  const options = parsePinKeeperArguments(args);
  const ending = new AbortController();
  const onSignal = () => ending.abort(new Error("the pin keeper was asked to end"));
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  nameProcess();
  try {
    const log = jsonLinesLogger(systemClock);
    const end = await runPinKeeper({ ...options, signal: ending.signal, log });
    return end.type === "failed" ? 1 : 0;
  } finally {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  }
}

/** Sets the name that `ps` and `top` show, of which the kernel keeps 15 characters. */
function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", "rollcall-pin");
  } catch {
    // Without /proc the process keeps its old name; nothing depends on it.
  }
}

function jsonLinesLogger(clock: Clock): Log {
  const write = (level: string) => (message: string, properties?: Record<string, unknown>) => {
    const line = {
      time: new Date(clock.wallTimeMs()).toISOString(),
      level,
      message,
      ...properties,
    };
    process.stderr.write(JSON.stringify(line) + "\n");
  };
  return { debug: () => {}, info: write("info"), warn: write("warn"), error: write("error") };
}
