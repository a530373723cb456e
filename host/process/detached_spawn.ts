/**
 * Starts a process that outlives this one: in a session and process group of its own, with its output
 * in a file. Services and pin keepers are started so.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fchmodSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** Logs tell what a service does, and to whom: for the agent's user and its group, not for all. */
const LOG_MODE = 0o640;

/** What {@linkcode spawnDetached} starts. */
export interface DetachedSpawn {
  /** The program and its arguments. */
  argv: readonly string[];
  /** The working directory. */
  cwd: string;
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** Standard output and error are appended to it; its folder is made if needed. */
  logPath: string;
  /** Whose process it is to be, without groups besides that one. Default: this process's. Takes root. */
  user?: { uid: number; gid: number } | undefined;
}

/** How a process ended, as its parent learns it. */
export interface ChildExit {
  code: number | null;
  signal: string | null;
}

/** A process that was started. */
export interface DetachedChild {
  pid: number;
  /** Settles when the child has ended; never rejects. */
  exited: Promise<ChildExit>;
  /** Lets this process end before the child does; until it is called, the child keeps the event loop alive. */
  unref(): void;
}

/**
 * Starts a process and resolves when it runs.
 *
 * @throws the system's error (`ENOENT`, `EACCES`, …) when program or cwd is missing or may not be run.
 */
export async function spawnDetached(options: DetachedSpawn): Promise<DetachedChild> {
  const { pid, exited, child } = await spawnWithInput(options, "ignore");
  return { pid, exited, unref: () => child.unref() };
}

/**
 * As {@linkcode spawnDetached}, with the process itself, whose standard input may be a pipe.
 *
 * @throws as that does.
 */
export async function spawnWithInput(
  options: DetachedSpawn,
  input: "ignore" | "pipe",
): Promise<{ pid: number; exited: Promise<ChildExit>; child: ChildProcess }> {
  const [program, ...args] = options.argv;
  if (program === undefined) throw new TypeError("spawn: expected a program, got an empty list");
  mkdirSync(dirname(options.logPath), { recursive: true });
  const log = openSync(options.logPath, "a", LOG_MODE);
  try {
    // An earlier version has made it readable for all.
    fchmodSync(log, LOG_MODE);
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...options.env },
      // On Linux this is setsid(2): no signal meant for the agent's terminal or group reaches it.
      detached: true,
      stdio: [input, log, log],
      ...options.user === undefined ? {} : { uid: options.user.uid, gid: options.user.gid },
    });
    const exited = whenExited(child);
    return { pid: await whenSpawned(child), exited, child };
  } finally {
    closeSync(log);
  }
}

function whenExited(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

function whenSpawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      const { pid } = child;
      if (pid === undefined) reject(new Error("spawn: expected a pid, got none"));
      else resolve(pid);
    });
  });
}
