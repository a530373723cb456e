/**
 * Reads the process table from /proc. A pid is reused sooner or later, so a process is identified
 * by its pid, its start time and the boot id together. See proc_pid_stat(5).
 *
 * @module
 */

import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isMissing, systemErrorCode } from "../atomic_file.ts";

/** What identifies a process across agents and reboots. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks between boot and its start. */
  startTimeTicks: number;
  /** /proc/sys/kernel/random/boot_id: the ticks begin again with each boot. */
  bootId: string;
}

/** A line of the process table. */
export interface ProcessEntry {
  pid: number;
  /** One letter; `Z` and `X` have ended and only wait for their parent to reap them. */
  state: string;
  processGroup: number;
  session: number;
  startTimeTicks: number;
}

/** The process with that pid, or null when there is none. */
export function readProcess(pid: number): ProcessEntry | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (isMissing(error) || systemErrorCode(error) === "ESRCH") return null;
    throw error;
  }
  // The second field is the program's name in parentheses and may itself hold any of them.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , processGroup, session] = fields;
  const startTimeTicks = fields[19];
  if (state === undefined || startTimeTicks === undefined) return null;
  return {
    pid,
    state,
    processGroup: Number(processGroup),
    session: Number(session),
    startTimeTicks: Number(startTimeTicks),
  };
}

/** Whether a process still runs; a zombie does not. */
export function isRunning(entry: ProcessEntry): boolean {
  return entry.state !== "Z" && entry.state !== "X";
}

/** This boot's id. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The identity of the process that has this pid now; null when there is none. */
export function identify(pid: number): ProcessIdentity | null {
  const entry = readProcess(pid);
  if (entry === null) return null;
  return { pid, startTimeTicks: entry.startTimeTicks, bootId: bootId() };
}

/** Whether that very process still runs, and not another one that was given its pid. */
export function isSameProcessRunning(identity: ProcessIdentity): boolean {
  const entry = readProcess(identity.pid);
  return entry !== null && isRunning(entry) && entry.startTimeTicks === identity.startTimeTicks &&
    bootId() === identity.bootId;
}

/** All processes that run, zombies left out. */
export function runningProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readProcess(Number(name));
    if (entry !== null && isRunning(entry)) entries.push(entry);
  }
  return entries;
}

/**
 * Whether a process writes its standard output or error to this file, or to one that it was renamed to
 * when logs were rotated. False for processes of other users.
 */
export function writesTo(pid: number, logPath: string): boolean {
  try {
    const path = join(realpathSync(dirname(logPath)), basename(logPath));
    return [1, 2].some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(path));
  } catch {
    // Gone, or not ours to look at; either way not the one that we started.
    return false;
  }
}

/**
 * Whether a process was started with this variable in its environment. False for processes of
 * other users, and for the few that overwrite their own environment.
 */
export function startedWith(pid: number, variable: { name: string; value: string }): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    return environment.split("\0").includes(`${variable.name}=${variable.value}`);
  } catch {
    // It has ended, or belongs to another user; either way it is not a process that we started.
    return false;
  }
}
