/** Sends signals, and only to processes that were identified just before. */

import process from "node:process";
import { systemErrorCode } from "../atomic_file.ts";
import { readProcess } from "./process_table.ts";

/** The signals that a config may name to end a service. */
export const STOP_SIGNALS = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
] as const;

/** A signal that tells a service to end. */
export type StopSignal = typeof STOP_SIGNALS[number];

/**
 * Signals a process if it is still the one that was identified; nothing happens if it has ended. The
 * check and kill(2) follow each other at once, too quickly for the pid to be reused in between.
 *
 * @throws the system's error, `EPERM` for a process of another user.
 */
export function signalProcess(
  seen: { pid: number; startTimeTicks: number },
  signal: StopSignal | "SIGKILL",
): void {
  if (readProcess(seen.pid)?.startTimeTicks !== seen.startTimeTicks) return;
  try {
    process.kill(seen.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}
