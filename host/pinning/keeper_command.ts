/**
 * The keeper as a program: its arguments, its signals, its log. Import this file alone, without the
 * rest of the program, in the process that keeps the pages: what it loads stays in memory as well.
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { runPinKeeper } from "./keeper.ts";

/** What a keeper is told on its command line. */
export interface PinKeeperArguments {
  root: string;
  statusPath: string;
  limitBytes: number;
}

/** The arguments as a command line; the reverse of {@linkcode parsePinKeeperArguments}. */
export function pinKeeperArguments(options: PinKeeperArguments): string[] {
  const { root, statusPath, limitBytes } = options;
  return ["--root", root, "--status", statusPath, "--limit-bytes", String(limitBytes)];
}

/** Reads the arguments. @throws {TypeError} saying which one is wrong. */
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
  const [root, statusPath, limit] = OPTION_NAMES.map((name) => values.get(name));
  const limitBytes = limit === "Infinity" ? Infinity : Number(limit);
  if (root === undefined || statusPath === undefined || !(limitBytes >= 0)) {
    throw new TypeError(
      `pin keeper: expected ${OPTION_NAMES.join(", ")} (bytes), got ${args.join(" ")}`,
    );
  }
  return { root, statusPath, limitBytes };
}

const OPTION_NAMES: readonly string[] = ["--root", "--status", "--limit-bytes"];

/**
 * Runs a keeper until SIGTERM or SIGINT and returns the exit code: 0 when it was asked to end, 1 when
 * it could not lock. Its log goes to standard error, one JSON object a line.
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

/** So that `ps` and `top` show what it is; they show 15 characters. */
function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", "rollcall-pin");
  } catch {
    // Only a name.
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
