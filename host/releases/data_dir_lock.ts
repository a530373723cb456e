/** Keeps two agents from using the same data folder. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { FileLock } from "../../ffi/mod.ts";
import { HostError } from "../errors.ts";
import { dataDirPaths } from "./release_layout.ts";

/**
 * Locks the data folder for this process; makes the folder if needed. The kernel releases the lock when
 * the process ends, even by SIGKILL, and services that outlive the agent do not inherit it.
 *
 * @throws {HostError} `DATA_DIR_LOCKED` naming the process that holds it.
 */
export function lockDataDir(dataDir: string): FileLock {
  mkdirSync(dataDir, { recursive: true });
  const path = dataDirPaths(dataDir).lock;
  const lock = FileLock.tryAcquire(path);
  if (lock === null) {
    const owner = readFileSync(path, "utf8").trim();
    throw new HostError("DATA_DIR_LOCKED", {
      message: `lock ${dataDir}: expected to be its only agent, but the agent with pid ` +
        `${owner === "" ? "(not known yet)" : owner} uses it; stop that one, or give this one ` +
        `another data folder`,
    });
  }
  writeFileSync(path, `${process.pid}\n`);
  return lock;
}
