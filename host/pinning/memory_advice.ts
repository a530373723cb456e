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

/** One sentence on the limit that lacks the most: what to set, by how much it is more, and why. */
export function describeShortage(
  { limit, availableBytes, raiseBytes }: MemoryShortage,
  { owedBytes = 0, ...need }: MemoryNeed,
): string {
  const owed = owedBytes === 0 ? "" : `, ${mebibytes(owedBytes)} are just being locked for others`;
  const needs = `it takes ${mebibytes(memoryToLock(need))}${owed}, and ` +
    `${mebibytes(need.marginBytes)} stay free (pin.margin)`;
  const available = mebibytes(availableBytes, Math.floor);
  if (limit.cgroup === null) {
    return `free ${mebibytes(raiseBytes)} of this machine's memory, or give it more: ${needs}; ` +
      `${available} are available (MemAvailable)`;
  }
  const { unit, line } = remedyFor(limit.cgroup, { limit, raiseBytes });
  return `${unit === null ? line : `set ${line} for ${unit.name}`}, ${
    mebibytes(raiseBytes)
  } more: ` +
    `${needs}; of the ${mebibytes(limit.limitBytes, Math.floor)} of ${limit.cgroup.path} ` +
    `(${limit.file}) ${available} can be locked, the rest is in use`;
}

/** How to raise each limit which is too low. */
export function shortageAdvice(shortages: readonly MemoryShortage[]): string | undefined {
  const advice = shortages.flatMap((shortage) => adviceFor(shortage));
  return advice.length === 0 ? undefined : advice.join("\n");
}

function adviceFor({ limit, raiseBytes }: MemoryShortage): string[] {
  if (limit.cgroup === null) return [];
  const { unit, line } = remedyFor(limit.cgroup, { limit, raiseBytes });
  if (unit === null) {
    return [`as root, and where ${limit.cgroup.path} is made, for the next time:`, `    ${line}`];
  }
  // Nothing but its maker has a file for a scope.
  if (unit.type === "scope") return ["as root:", `    systemctl set-property ${unit.name} ${line}`];
  return [
    `put this under [${
      unit.type === "slice" ? "Slice" : "Service"
    }] (systemctl edit ${unit.name}), ` +
    `or have systemctl set-property set it at once:`,
    `    ${line}`,
  ];
}

/** The line that raises a limit, and the unit of systemd whose setting it is; `null`: it is a command. */
function remedyFor(
  { path, folder }: NonNullable<MemoryShortage["limit"]["cgroup"]>,
  { limit: { file, limitBytes }, raiseBytes }: Pick<MemoryShortage, "limit" | "raiseBytes">,
): { unit: { name: string; type: string } | null; line: string } {
  const raisedMebibytes = Math.ceil((limitBytes + raiseBytes) / MEBIBYTE);
  const [, name, type] = posix.basename(path).match(/^(.+\.(service|slice|scope))$/) ?? [];
  const setting = UNIT_SETTINGS[file];
  if (name === undefined || type === undefined || setting === undefined) {
    return {
      unit: null,
      line: `echo ${raisedMebibytes * MEBIBYTE} > ${posix.join(folder, file)}`,
    };
  }
  return { unit: { name, type }, line: `${setting}=${raisedMebibytes}M` };
}

/** As the configs and systemd count: 1024 times 1024 bytes, and never less than there is, unless it is about what there is. */
function mebibytes(bytes: number, round: (value: number) => number = Math.ceil): string {
  return `${round(bytes / MEBIBYTE)} MiB`;
}
