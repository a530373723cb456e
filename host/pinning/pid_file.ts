/**
 * The pid file of a process that somebody has started by hand: how scripts find it.
 *
 * @module
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

/**
 * Writes this process's pid, and removes the file when the work has ended, unless another one has written its own meanwhile.
 *
 * @param path `undefined`: no file.
 * @throws the system's error when it cannot be written.
 */
export async function withPidFile<Result>(
  path: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (path === undefined) return await work();
  writeFileSync(path, `${process.pid}\n`);
  try {
    return await work();
  } finally {
    if (readPid(path) === process.pid) rmSync(path, { force: true });
  }
}

function readPid(path: string): number | null {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
