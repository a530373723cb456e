/**
 * Starts a program behind a gate: the process is there, and has its pid, its session and its owner, but the program itself
 * begins only when the gate is opened. Meanwhile it gets its limits and its record is written, so no program runs with the
 * agent's limits, and none runs that nobody could find again. Whoever closes the gate, or dies, ends it.
 *
 * The gate is a shell that gives itself the limits, waits for a line, and then becomes the program (`exec`), with the same pid.
 *
 * @module
 */

import { readFileSync, statSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { type Clock, sleep } from "../../base/clock.ts";
import { lastLineOf } from "./last_line.ts";
import { isRunning, readProcess } from "./process_table.ts";
import {
  type ChildExit,
  type DetachedChild,
  type DetachedSpawn,
  spawnWithInput,
} from "./detached_spawn.ts";

const SHELL = "/bin/sh";

/** `read` fails at the end of the pipe, which is when the agent has closed it or is dead. */
const GATE = 'read -r go || exit 0\nexec "$@" </dev/null';

/** What the process is called until it is the program; so /proc tells whether it is. */
const GATE_NAME = "rollcall-gate";

/** A shell drops variables of other names; env(1) passes them on. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The statuses with which a shell ends when it cannot become the program: it may not be run so, or is not there. */
const EXEC_FAILURES: readonly (number | null)[] = [126, 127];

/** How often /proc is asked whether the program has begun, at first; it takes about a millisecond. */
const FIRST_POLL_MS = 1;

/** The longest wait until the program has begun: its file may come from a slow disk. */
const BEGIN_TIMEOUT_MS = 30_000;

/** A process that waits at its gate. */
export interface GatedChild extends DetachedChild {
  /**
   * Opens the gate, and resolves when the program has begun.
   *
   * @throws {Error} when it cannot be run, saying why; the process has ended then.
   */
  open(): Promise<void>;
  /** Ends the process without having begun the program. */
  close(): Promise<void>;
}

/**
 * Starts a process that waits at its gate.
 *
 * @param options.before shell commands that the process runs first; one that fails exits with 126, having said why.
 * @throws the system's error when the folder is missing or may not be entered.
 */
export async function spawnGated(
  options: DetachedSpawn & { readonly before: string },
  clock: Clock,
): Promise<GatedChild> {
  const logBytes = statSync(options.logPath, { throwIfNoEntry: false })?.size ?? 0;
  const odd = Object.entries(options.env).filter(([name]) => !SHELL_NAME.test(name));
  const passed = odd.length === 0 ? [] : ["env", ...odd.map(([name, value]) => `${name}=${value}`)];
  const gated = {
    ...options,
    argv: [SHELL, "-c", options.before + GATE, GATE_NAME, ...passed, ...options.argv],
  };
  const { pid, exited, child } = await spawnWithInput(gated, "pipe");
  return {
    pid,
    exited,
    unref: () => child.unref(),
    async open() {
      await endInput(child, "\n");
      const end = await whenBegun(pid, exited, clock);
      if (end === null || !EXEC_FAILURES.includes(end.code)) return;
      const said = lastLineOf(options.logPath, logBytes);
      throw new Error(
        said?.replace(/^rollcall-gate: (?:line )?\d+: (?:exec: )?/, "") ??
          `it ended with status ${end.code} at once`,
      );
    },
    async close() {
      await endInput(child, "");
      await exited;
    },
  };
}

/** Writes the last bytes into the pipe. A process that has gone already does not read them, which its end tells. */
async function endInput({ stdin }: ChildProcess, last: string): Promise<void> {
  if (stdin === null || stdin.closed) return;
  await new Promise<void>((resolve) => {
    stdin.once("error", () => {});
    stdin.once("close", () => resolve());
    stdin.end(last, () => stdin.destroy());
  });
}

/** Waits until the gate has become the program (null), or has ended before it was seen to. */
async function whenBegun(
  pid: number,
  exited: Promise<ChildExit>,
  clock: Clock,
): Promise<ChildExit | null> {
  let ended: ChildExit | null = null;
  void exited.then((exit) => ended = exit);
  const deadlineMs = clock.nowMs() + BEGIN_TIMEOUT_MS;
  for (let waitMs = FIRST_POLL_MS; ended === null; waitMs = Math.min(2 * waitMs, 50)) {
    const state = gateState(pid);
    if (state === "program") return null;
    // It has ended, and its parent will be told in a moment.
    if (state === "gone") return await exited;
    if (clock.nowMs() > deadlineMs) return null;
    await sleep(clock, waitMs);
  }
  return ended;
}

function gateState(pid: number): "gate" | "program" | "gone" {
  try {
    const [shell = "", , , name] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    if (shell !== "") return shell === SHELL && name === GATE_NAME ? "gate" : "program";
  } catch {
    return "gone";
  }
  // A process has no arguments for a moment while it becomes another program, and when it has ended.
  const entry = readProcess(pid);
  return entry !== null && isRunning(entry) ? "gate" : "gone";
}
