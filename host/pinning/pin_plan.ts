/**
 * Which files there are to lock, and whether they can be locked on this machine. It is asked before a
 * download begins and again before the first page is locked; it locks nothing itself.
 *
 * @module
 */

import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  lockingAdvice,
  type LockingAllowance,
  lockingAllowance,
  roundUpToPages,
} from "../../ffi/mod.ts";
import { isMissing } from "../atomic_file.ts";
import { HostError } from "../errors.ts";

/**
 * Memory that is left to everything else on the machine. Locking the very last page would invoke the
 * OOM killer, and a keeper is the largest process that it can find.
 */
const MEMORY_RESERVE_BYTES = 256 * 1024 * 1024;

/** Memory maps that a Deno process has for itself: fewer than 200 were measured, the rest is room to grow. */
const OWN_MAPS = 1000;

/** One file to lock. */
export interface PinFile {
  path: string;
  sizeBytes: number;
}

/** All regular files below a folder; links are not followed. */
export interface PinPlan {
  files: readonly PinFile[];
  /** The sum of the sizes. */
  totalBytes: number;
}

/** Lists the files to lock. @throws {HostError} `PIN_ROOT_MISSING`. */
export function planPin(root: string): PinPlan {
  const files: PinFile[] = [];
  const pending = [root];
  try {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) pending.push(path);
        else if (entry.isFile()) files.push({ path, sizeBytes: lstatSync(path).size });
      }
    }
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new HostError("PIN_ROOT_MISSING", {
      message: `pin ${root}: expected a folder, found nothing; fetch the release first`,
      cause,
    });
  }
  return { files, totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

/** What {@linkcode checkPinnable} checks. */
export interface PinNeed {
  /** What the error's message calls it: a folder or a release. */
  name: string;
  /** The size of each file, in bytes. */
  fileSizes: readonly number[];
  /** The most to lock, in bytes, by configuration. */
  limitBytes: number;
  /** Default: that of this process, which a keeper started by it inherits. */
  allowance?: LockingAllowance;
}

/**
 * Whether files of these sizes can be locked by one keeper, by configuration, permission, memory and
 * number. Needs no file, so it can be asked before a download.
 *
 * @throws {HostError} `PIN_LIMIT`, `PIN_NOT_PERMITTED` (its `advice` has the missing amount and the lines
 *   to add), `PIN_MEMORY`, `PIN_TOO_MANY_FILES`.
 */
export function checkPinnable(need: PinNeed): void {
  const { name, fileSizes, limitBytes } = need;
  const requiredBytes = fileSizes.reduce((sum, sizeBytes) => sum + roundUpToPages(sizeBytes), 0);
  if (requiredBytes > limitBytes) {
    throw new HostError("PIN_LIMIT", {
      message: `pin ${name}: expected at most ${limitBytes} bytes, as configured, got ` +
        `${requiredBytes} (${fileSizes.length} files in whole pages); raise the limit, or let this ` +
        `release go unpinned`,
    });
  }
  const allowance = need.allowance ?? lockingAllowance();
  if (requiredBytes > allowance.availableBytes) {
    throw notPermitted(name, { requiredBytes, allowance });
  }
  checkMemory(name, requiredBytes);
  checkMapCount(name, fileSizes.filter((sizeBytes) => sizeBytes > 0).length);
}

/** The error for a lock limit that is too small, with the config lines that raise it as its advice. */
export function notPermitted(
  name: string,
  facts: { requiredBytes: number; allowance: LockingAllowance; cause?: unknown },
): HostError {
  const { requiredBytes, allowance, cause } = facts;
  const advice = lockingAdvice({
    requiredBytes: requiredBytes + allowance.lockedBytes,
    limitBytes: allowance.limitBytes,
  });
  return new HostError("PIN_NOT_PERMITTED", {
    message: `pin ${name}: expected permission to lock ${requiredBytes} bytes, got ` +
      `${allowance.availableBytes}; raise the limit on locked memory`,
    advice: advice === "" ? undefined : advice,
    cause,
  });
}

function checkMemory(name: string, requiredBytes: number): void {
  const availableBytes = availableMemoryBytes();
  if (requiredBytes + MEMORY_RESERVE_BYTES <= availableBytes) return;
  throw new HostError("PIN_MEMORY", {
    message: `pin ${name}: expected ${requiredBytes} bytes of memory to be available and ` +
      `${MEMORY_RESERVE_BYTES} to be left, got ${availableBytes}; unpin an older release, or move ` +
      `something else off this machine`,
  });
}

function checkMapCount(name: string, count: number): void {
  const maximum = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8"));
  if (count + OWN_MAPS <= maximum) return;
  const line = `vm.max_map_count = ${count + OWN_MAPS}`;
  throw new HostError("PIN_TOO_MANY_FILES", {
    message: `pin ${name}: expected at most ${maximum - OWN_MAPS} files, got ${count}, and each ` +
      `takes one memory map; pack small files together, or raise vm.max_map_count`,
    advice: `put this line into /etc/sysctl.d/rollcall.conf and run sysctl --system:\n    ${line}`,
  });
}

/**
 * Memory that can be locked: MemAvailable of proc_meminfo(5), which counts the page cache but not
 * what is locked already, or the limit of this process's cgroup if that is lower. Page cache is
 * charged to the cgroup that touches it first.
 */
function availableMemoryBytes(): number {
  const meminfo = readFileSync("/proc/meminfo", "utf8");
  const kibibytes = meminfo.match(/^MemAvailable:\s+(\d+) kB$/m)?.[1];
  const machineBytes = kibibytes === undefined ? Infinity : Number(kibibytes) * 1024;
  return Math.min(machineBytes, cgroupLimitBytes());
}

/** The lowest memory.max from this process's cgroup up to the root (cgroup v2), or Infinity. */
function cgroupLimitBytes(): number {
  const group = readIfThere("/proc/self/cgroup")?.match(/^0::\/(.*)$/m)?.[1];
  if (group === undefined) return Infinity;
  const names = group.split("/").filter((name) => name !== "");
  let lowestBytes = Infinity;
  for (let depth = names.length; depth >= 0; depth--) {
    const folder = join("/sys/fs/cgroup", ...names.slice(0, depth));
    const maximum = readIfThere(join(folder, "memory.max"))?.trim();
    if (maximum === undefined || !/^\d+$/.test(maximum)) continue;
    lowestBytes = Math.min(lowestBytes, Number(maximum));
  }
  return lowestBytes;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not every machine has this file; a limit that cannot be read shows when pages are locked.
    return undefined;
  }
}
