/**
 * Runs a command of the operator's to its end: a health check or a hook. Whatever it has started ends with it, and its
 * output is read for the last line alone.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import type { Clock } from "../../base/clock.ts";
import { lastLineIn } from "./last_line.ts";

/** How a command is run. */
export interface RunCommandOptions {
  /** Ends the command, with all that it has started. */
  signal: AbortSignal;
  clock: Clock;
  /** The whole environment. Default: this process's. */
  env?: Readonly<Record<string, string>>;
  /** Whose process it is to be. Default: this process's. Takes root. */
  uid?: number;
  gid?: number;
}

/** How a command ended. */
export interface CommandEnd {
  code: number | null;
  signal: string | null;
  /** The last line that it has written to standard output or error. */
  lastLine: string | undefined;
}

/** How much of the end of the output is kept, in characters. */
const KEPT_OUTPUT = 4096;

/** How long the output of a command that has ended is waited for: what has left its group may hold the pipe for ever. */
const OUTPUT_TIMEOUT_MS = 200;

/**
 * Runs a command in a process group of its own, which is killed when the command ends, or the signal aborts.
 *
 * @throws the system's error when it cannot be started, the signal's reason when that has aborted before.
 */
export function runCommand(
  argv: readonly [string, ...string[]],
  { signal, clock, ...as }: RunCommandOptions,
): Promise<CommandEnd> {
  const [program, ...args] = argv;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...as,
    });
    const onAbort = () => killGroup(child.pid);
    signal.addEventListener("abort", onAbort, { once: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => output = (output + text).slice(-KEPT_OUTPUT));
      // It is destroyed below while somebody may still write into it.
      stream.on("error", () => {});
    }
    child.once("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
    child.once("exit", (code, exitSignal) => {
      signal.removeEventListener("abort", onAbort);
      // At once: the number of a group that has members left is given to nobody else, and one that has none is not given
      // out again within moments.
      killGroup(child.pid);
      const cancel = clock.after(OUTPUT_TIMEOUT_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
      child.once("close", () => {
        cancel();
        resolve({ code, signal: exitSignal, lastLine: lastLineIn(output) });
      });
    });
  });
}

/** Kills a command's process group. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
