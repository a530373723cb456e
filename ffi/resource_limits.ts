/**
 * How much memory this process may lock, how much it has locked, and what to tell the operator when
 * the limit is too low. memory_lock.ts locks it.
 */

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { pageSizeBytes } from "./libc.ts";
import { processLimit, setProcessLimit } from "./process_limits.ts";

const CAP_IPC_LOCK = 14n;
/** The uid_map of the initial user namespace, which maps every id to itself. */
const INITIAL_USER_NAMESPACE = /^\s*0\s+0\s+4294967295\s*$/;

/** A limit in bytes; `Infinity` for none. */
export interface ResourceLimit {
  softBytes: number;
  hardBytes: number;
}

/** How much this process may lock. */
export interface LockingAllowance {
  /** The most it may have locked at a time; `Infinity` when nothing limits it. */
  limitBytes: number;
  /** What it has locked already (`VmLck`). */
  lockedBytes: number;
  /** What it may still lock: `limitBytes - lockedBytes`, at least 0. */
  availableBytes: number;
  /** Where the limit, or its absence, comes from. */
  source: "CAP_IPC_LOCK" | "RLIMIT_MEMLOCK";
}

/** RLIMIT_MEMLOCK of this process. @throws {LibcError} if prlimit(2) fails, for which there is no known reason. */
export function memoryLockLimit(): ResourceLimit {
  const { soft, hard } = processLimit(0, "memlock");
  return { softBytes: soft, hardBytes: hard };
}

/**
 * Raises the soft limit of RLIMIT_MEMLOCK to the hard limit, which every process may do for itself, and
 * returns the limits that then hold.
 */
export function raiseMemoryLockLimit(): ResourceLimit {
  const { soft, hard } = processLimit(0, "memlock");
  if (soft !== hard) setProcessLimit(0, "memlock", { soft: hard, hard });
  return { softBytes: hard, hardBytes: hard };
}

/**
 * How much this process may lock, by its capabilities, RLIMIT_MEMLOCK and what it has locked. The hard limit counts, to which
 * it may raise the soft one ({@linkcode raiseMemoryLockLimit}).
 */
export function lockingAllowance(): LockingAllowance {
  const { hardBytes } = memoryLockLimit();
  const lockedBytes = lockedMemoryBytes();
  const privileged = hasIpcLockCapability();
  const limit = privileged ? Infinity : hardBytes;
  return {
    limitBytes: limit,
    lockedBytes,
    availableBytes: Math.max(0, limit - lockedBytes),
    source: privileged ? "CAP_IPC_LOCK" : "RLIMIT_MEMLOCK",
  };
}

/**
 * Bytes that a process has locked: `VmLck` of its /proc/PID/status, see proc_pid_status(5). It is what was asked for, in whole
 * pages; {@linkcode lockedBytesOfMaps} tells what is in memory of it.
 *
 * @param pid default: this process.
 * @throws the system's error when there is no such process.
 */
export function lockedMemoryBytes(pid: number | "self" = "self"): number {
  const kibibytes = statusField("VmLck", pid)?.match(/^(\d+) kB$/)?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/**
 * Whether this process may lock without limit (CAP_IPC_LOCK). The kernel honours the capability only in
 * the initial user namespace: the root of an unprivileged container has the bit, but not the right.
 */
export function hasIpcLockCapability(): boolean {
  const effective = statusField("CapEff");
  if (effective === undefined) return false;
  if (((BigInt(`0x${effective}`) >> CAP_IPC_LOCK) & 1n) === 0n) return false;
  return INITIAL_USER_NAMESPACE.test(readFileSync("/proc/self/uid_map", "utf8"));
}

function statusField(name: string, pid: number | "self" = "self"): string | undefined {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const line = status.split("\n").find((each) => each.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

/** What {@linkcode lockingAdvice} compares. */
export interface LockingNeed {
  /** How much one process must be able to lock in all, in bytes. */
  requiredBytes: number;
  /** How much it may lock in all, in bytes. */
  limitBytes: number;
  /** The user that runs it. Default: the user of this process. */
  user?: string;
}

/** What {@linkcode lockingAdvice} says. */
export interface LockingAdvice {
  /** What to raise, by how much, and why, in one sentence. */
  readonly summary: string;
  /** The line to add, for each file that it may be added to. */
  readonly lines: string;
}

/**
 * Tells the operator what to do when the limit is too low: the remedy, how much is missing, and which line to add to which
 * file. limits.conf(5) counts in KiB and does not apply to systemd's units, which have LimitMEMLOCK= of systemd.exec(5).
 */
export function lockingAdvice(need: LockingNeed): LockingAdvice {
  const missingBytes = Math.max(0, need.requiredBytes - need.limitBytes);
  const page = pageSizeBytes();
  const requiredKibibytes = Math.ceil(need.requiredBytes / page) * page / 1024;
  const user = need.user ?? currentUser();
  return {
    summary: `raise the limit on locked memory (RLIMIT_MEMLOCK) by ${mebibytes(missingBytes)}, ` +
      `or give CAP_IPC_LOCK: ${mebibytes(need.requiredBytes)} are needed, ` +
      `${mebibytes(need.limitBytes)} are allowed`,
    lines: [
      `for a systemd unit (limits.d does not reach it), put this under [Service],` +
      ` then systemctl daemon-reload and restart it:`,
      `    LimitMEMLOCK=${requiredKibibytes}K`,
      `for a login or cron, put this line into /etc/security/limits.d/rollcall.conf and log in again:`,
      `    ${user} - memlock ${requiredKibibytes}`,
    ].join("\n"),
  };
}

/** Small amounts have a decimal place, or they would not be told apart. */
function mebibytes(bytes: number): string {
  const value = bytes / 1024 ** 2;
  return `${value < 10 ? Math.ceil(value * 10) / 10 : Math.ceil(value)} MiB`;
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in /etc/passwd, as in many containers; limits.conf takes numbers too.
    return String(Deno.uid() ?? "*");
  }
}
