/** Sends signals to processes that were identified just before, and only to those. */

import process from "node:process";
import { systemErrorCode } from "../atomic_file.ts";
import { readProcess } from "./process_table.ts";

/**
 * Signals a process if it is still the one that was seen; gone is fine. Look and kill(2) follow each
 * other without a pause, far too quick for a pid to come round again.
 *
 * @throws the system's error, `EPERM` for a process of another user.
 */
export function signalProcess(
  seen: { pid: number; startTimeTicks: number },
  signal: "SIGTERM" | "SIGKILL",
): void {
  if (readProcess(seen.pid)?.startTimeTicks !== seen.startTimeTicks) return;
  try {
    process.kill(seen.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}
