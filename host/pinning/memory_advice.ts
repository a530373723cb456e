/**
 * Tells an operator which limit leaves too little memory for a release, how much is missing, and the line that changes it:
 * the remedy first, since a screen may show no more than the beginning.
 *
 * @module
 */

import { posix } from "node:path";
import {
  type MemoryLimitFile,
  type MemoryNeed,
  type MemoryShortage,
  memoryToLock,
} from "./memory_room.ts";

const MEBIBYTE = 1024 * 1024;

/** The setting of a systemd unit that makes a limit; systemd.resource-control(5). */
const UNIT_SETTINGS: Readonly<Partial<Record<MemoryLimitFile, string>>> = {
  "memory.max": "MemoryMax",
  "memory.high": "MemoryHigh",
  "memory.limit_in_bytes": "MemoryMax",
};

/** One sentence on the limit that lacks the most. */
export function describeShortage(
  { limit, availableBytes, raiseBytes }: MemoryShortage,
  { owedBytes = 0, ...need }: MemoryNeed,
): string {
  const lockedBytes = memoryToLock(need);
  const owed = owedBytes === 0 ? "" : `, ${mebibytes(owedBytes)} belong to what runs here`;
  const needs =
    `it takes ${mebibytes(lockedBytes)}${owed}, and ${mebibytes(need.marginBytes)} stay ` +
    `free (pin.margin)`;
  if (limit.cgroup === null) {
    return `free ${mebibytes(raiseBytes)} of this machine's memory, or give it more: ${needs}; ` +
      `${mebibytes(availableBytes, Math.floor)} are available (MemAvailable)`;
  }
  return `raise ${limit.file} of the cgroup ${limit.cgroup.path} by ${mebibytes(raiseBytes)}: ` +
    `${needs}; of its ${mebibytes(limit.limitBytes, Math.floor)} ` +
    `${mebibytes(availableBytes, Math.floor)} can be locked, the rest is in use`;
}

/** The lines that raise each limit which is too low. */
export function shortageAdvice(shortages: readonly MemoryShortage[]): string | undefined {
  const advice = shortages.flatMap((shortage) => adviceFor(shortage));
  return advice.length === 0 ? undefined : advice.join("\n");
}

function adviceFor(
  { limit: { file, cgroup, limitBytes }, raiseBytes }: MemoryShortage,
): string[] {
  if (cgroup === null) return [];
  const raisedMebibytes = Math.ceil((limitBytes + raiseBytes) / MEBIBYTE);
  const [, unit, type] = posix.basename(cgroup.path).match(/^(.+\.(service|slice|scope))$/) ?? [];
  const setting = UNIT_SETTINGS[file];
  if (unit === undefined || setting === undefined) {
    return [
      `say this as root, and raise it where ${cgroup.path} is made:`,
      `    echo ${raisedMebibytes * MEBIBYTE} > ${posix.join(cgroup.folder, file)}`,
    ];
  }
  const line = `    ${setting}=${raisedMebibytes}M`;
  // Nothing but its maker has a file for a scope.
  if (type === "scope") {
    return [`say this as root:`, `    systemctl set-property ${unit} ${line.trim()}`];
  }
  return [
    `put this under [${
      type === "slice" ? "Slice" : "Service"
    }] of ${unit} (systemctl edit ${unit}); ` +
    `systemctl set-property ${unit} with the same does it at once:`,
    line,
  ];
}

/** As the configs and systemd count: 1024 times 1024 bytes, and never less than there is, unless it is about what there is. */
function mebibytes(bytes: number, round: (value: number) => number = Math.ceil): string {
  return `${round(bytes / MEBIBYTE)} MiB`;
}
