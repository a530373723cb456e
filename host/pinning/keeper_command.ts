/**
 * The keeper as a program: its arguments, its signals, its log. The process that holds the locks
 * imports this file alone and not the rest of the program, because whatever it loads stays in memory
 * for as long as the pages do.
 *
 * @module
 */

import { rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { runPinKeeper } from "./keeper.ts";
import { DEFAULT_MARGIN_BYTES } from "./memory_room.ts";
import { withPidFile } from "./pid_file.ts";
import type { PinSelection } from "./pin_selection.ts";

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
  /** Only of a keeper that somebody has started by hand. */
  byHand?: PinByHand | undefined;
}

/** What belongs to a keeper that no agent looks after: it holds its pages until it is told to end, by its pid. */
export interface PinByHand {
  /** What it locks; absolute paths. */
  readonly selection: PinSelection;
  /** Where its pid goes; absolute. */
  readonly pidPath?: string | undefined;
}

/** Formats the arguments as a command line; the inverse of {@linkcode parsePinKeeperArguments}. */
export function pinKeeperArguments(options: PinKeeperArguments): string[] {
  const { root, statusPath, limitBytes, marginBytes, byHand } = options;
  const margin = marginBytes === undefined ? [] : ["--margin-bytes", String(marginBytes)];
  const hand = byHand === undefined ? [] : ["--by-hand", JSON.stringify(byHand)];
  const limit = String(limitBytes);
  return ["--root", root, "--status", statusPath, "--limit-bytes", limit, ...margin, ...hand];
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
  const [root, statusPath, limit, margin = String(DEFAULT_MARGIN_BYTES), hand] = OPTION_NAMES.map(
    (name) => values.get(name),
  );
  const limitBytes = limit === "Infinity" ? Infinity : Number(limit);
  const marginBytes = Number(margin);
  const isComplete = root !== undefined && statusPath !== undefined;
  if (!isComplete || !(limitBytes >= 0) || !(marginBytes >= 0)) {
    throw new TypeError(
      `pin keeper: expected ${OPTION_NAMES.join(", ")} (bytes), got ${args.join(" ")}`,
    );
  }
  const byHand = hand === undefined ? {} : { byHand: JSON.parse(hand) as PinByHand };
  return { root, statusPath, limitBytes, marginBytes, ...byHand };
}

const OPTION_NAMES: readonly string[] = [
  "--root",
  "--status",
  "--limit-bytes",
  "--margin-bytes",
  "--by-hand",
];

/**
 * Runs a keeper until SIGTERM or SIGINT and returns the exit code: 0 when it was told to end, 1 when
 * it could not lock. Its log goes to standard error, one JSON object per line.
 */
export async function runPinKeeperCommand(args: readonly string[]): Promise<number> {
  const { byHand, ...options } = parsePinKeeperArguments(args);
  const ending = new AbortController();
  const onSignal = () => ending.abort(new Error("the pin keeper was asked to end"));
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  nameProcess();
  try {
    const log = jsonLinesLogger(systemClock);
    const end = await withPidFile(byHand?.pidPath, () =>
      runPinKeeper({
        ...options,
        selection: byHand?.selection,
        isOwned: byHand === undefined,
        signal: ending.signal,
        log,
      }));
    // Nobody comes back for the folder that was made for it. Of a failure it says why.
    if (byHand !== undefined && end.type !== "failed") {
      rmSync(dirname(options.statusPath), { recursive: true, force: true });
    }
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
