/**
 * Which files there are to lock, and whether they can be locked on this machine. It is asked before a
 * download begins and again before the first page is locked; it locks nothing itself.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import {
  lockingAdvice,
  type LockingAllowance,
  lockingAllowance,
  pageSizeBytes,
  roundUpToPages,
} from "../../ffi/mod.ts";
import { HostError } from "../errors.ts";
import { describeShortage, shortageAdvice } from "./memory_advice.ts";
import { readMemoryLimits } from "./memory_reading.ts";
import { DEFAULT_MARGIN_BYTES, type MemoryLimit, memoryShortages } from "./memory_room.ts";
import { type PinFile, type PinSelection, selectFiles } from "./pin_selection.ts";

/** Memory maps that a Deno process has for itself: fewer than 200 were measured, the rest is room to grow. */
const OWN_MAPS = 1000;

/** The files to lock. */
export interface PinPlan {
  files: readonly PinFile[];
  /** The sum of the sizes. */
  totalBytes: number;
}

/** Lists the files to lock: by default all regular files below a folder. @throws {HostError} `PIN_ROOT_MISSING`. */
export function planPin(root: string, selection: PinSelection = { paths: [root] }): PinPlan {
  const { files } = selectFiles(selection);
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
  /** Memory that has to stay free, in bytes. Default {@linkcode DEFAULT_MARGIN_BYTES}. */
  marginBytes?: number | undefined;
  /** What keepers of other releases are about to lock, in bytes. Default 0. */
  owedBytes?: number;
  /** Whether this process is the keeper that is about to lock them. Default: it is one that would start that keeper. */
  isLocking?: boolean;
  /** Default: that of this process, which a keeper started by it inherits. */
  allowance?: LockingAllowance;
  /** What limits memory. Default: what limits this process and those that it starts. */
  limits?: readonly MemoryLimit[];
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
  checkMemory({ ...need, lockBytes: requiredBytes });
  checkMapCount(name, fileSizes.filter((sizeBytes) => sizeBytes > 0).length);
}

/** The error for a lock limit that is too small, with the config lines that raise it as its advice. */
export function notPermitted(
  name: string,
  facts: { requiredBytes: number; allowance: LockingAllowance; cause?: unknown },
): HostError {
  const { requiredBytes, allowance, cause } = facts;
  const { summary, lines } = lockingAdvice({
    requiredBytes: requiredBytes + allowance.lockedBytes,
    limitBytes: allowance.limitBytes,
  });
  return new HostError("PIN_NOT_PERMITTED", {
    message: `pin ${name}: ${summary}`,
    advice: lines,
    cause,
  });
}

/**
 * Whether there is memory to lock so much beside what is in use. It reads a few small files, so a keeper asks before each chunk.
 *
 * @throws {HostError} `PIN_MEMORY`, which names the limit that lacks the most; its `advice` has a line for each.
 */
export function checkMemory(
  {
    name,
    lockBytes,
    marginBytes = DEFAULT_MARGIN_BYTES,
    owedBytes = 0,
    isLocking = false,
    limits = readMemoryLimits(),
  }:
    & { readonly lockBytes: number }
    & Pick<PinNeed, "name" | "marginBytes" | "owedBytes" | "isLocking" | "limits">,
): void {
  const need = { lockBytes, owedBytes, marginBytes, isLocking, pageBytes: pageSizeBytes() };
  const shortages = memoryShortages(limits, need);
  const [worst] = shortages;
  if (worst === undefined) return;
  throw new HostError("PIN_MEMORY", {
    message: `pin ${name}: ${describeShortage(worst, need)}`,
    advice: shortageAdvice(shortages),
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
