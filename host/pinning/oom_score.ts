/**
 * Whom the kernel ends first when memory runs out: oom_score_adj, proc_pid_oom_score_adj(5). A keeper that is just locking a
 * release has asked for memory last, and nothing runs on what it holds yet; nor does anything on what is staged. Without this
 * the kernel would take the largest process, which is the service, or the keeper of what it runs on.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";

const FILE = "/proc/self/oom_score_adj";

/** The highest: before all others. */
const FIRST = "1000";

/** From now on this process is the first that the OOM killer takes; what is returned makes it as it was. */
export function volunteerForOomKiller(): () => void {
  const before = read(FILE);
  if (before === null || !write(FILE, FIRST)) return () => {};
  // Whoever has raised its own may lower it again to what it was given.
  return () => void write(FILE, before);
}

/** Has the kernel end a keeper before all others, unless a service runs on what it holds: then it is as this process is. */
export function rankKeeper(pid: number, { isRunning }: { readonly isRunning: boolean }): void {
  const file = `/proc/${pid}/oom_score_adj`;
  const wanted = isRunning ? read(FILE) : FIRST;
  if (wanted !== null && read(file) !== wanted) write(file, wanted);
}

// Where there is no such file, or it may not be written, the looks at the memory that is left keep the others alive alone.

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

function write(file: string, score: string): boolean {
  try {
    writeFileSync(file, score);
    return true;
  } catch {
    return false;
  }
}
