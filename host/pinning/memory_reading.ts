/**
 * Reads what limits memory here: MemAvailable of proc_meminfo(5), and the limits of this process's cgroup and of each above
 * it, v1 and v2 (cgroups(7)). What a reading means is in memory_room.ts.
 *
 * Everything is below a folder, `/` by default, so that a test may hand in one of its own.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MemoryLimit, MemoryLimitFile } from "./memory_room.ts";

/** Where a version of cgroups keeps its numbers. */
interface Hierarchy {
  /** Its limits, each with the file that says how much is used of it. */
  readonly limits: readonly (readonly [MemoryLimitFile, string])[];
  /** The fields of `memory.stat` that count page cache which is not locked, of the cgroup and all below it. */
  readonly reclaimable: readonly string[];
  /** The file whose field `oom_kill` counts the processes that the kernel has killed. */
  readonly events: string;
}

const V1: Hierarchy = {
  limits: [
    ["memory.limit_in_bytes", "memory.usage_in_bytes"],
    ["memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"],
  ],
  reclaimable: ["total_inactive_file", "total_active_file"],
  events: "memory.oom_control",
};

const V2: Hierarchy = {
  // Whoever exceeds memory.high is not killed but slowed down until it stands still, and what is locked never gets less.
  limits: [["memory.max", "memory.current"], ["memory.high", "memory.current"]],
  reclaimable: ["inactive_file", "active_file"],
  events: "memory.events",
};

/** No machine has so much: cgroup v1 has no word for "no limit", but the largest number of pages. */
const UNLIMITED_BYTES = 2 ** 60;

/** A cgroup that this process is in, or one above. */
interface Cgroup {
  readonly hierarchy: Hierarchy;
  readonly path: string;
  readonly folder: string;
}

/** Reads everything that limits how much memory this process, and what it starts, may lock. What cannot be read limits nothing. */
export function readMemoryLimits(root = "/"): MemoryLimit[] {
  return [...machineLimit(root), ...cgroupsOf(root).flatMap(limitsOf)];
}

/** A count of the processes that the kernel has killed for lack of memory, and the file that it is from. */
export interface OomKills {
  /** A `memory.events` or `memory.oom_control` of a cgroup, or `vmstat`, which counts for the whole machine. */
  readonly file: string;
  readonly count: number;
}

/** How many processes of this process's cgroup the kernel has killed for lack of memory; `null`: it cannot be told. */
export function readOomKills(root = "/"): OomKills | null {
  // The nearest cgroup comes first. Its kills count there whichever limit was the reason.
  const files = cgroupsOf(root).map(({ hierarchy, folder }) => join(folder, hierarchy.events));
  for (const file of [...files, join(root, "proc/vmstat")]) {
    const count = readOomKillsOf(file);
    if (count !== null) return { file, count };
  }
  return null;
}

/** The count in such a file; `null`: the file is gone, or has none. */
export function readOomKillsOf(file: string): number | null {
  return field(readIfThere(file), "oom_kill");
}

function machineLimit(root: string): MemoryLimit[] {
  const kibibytes = readIfThere(join(root, "proc/meminfo"))?.match(/^MemAvailable:\s+(\d+) kB$/m)
    ?.[1];
  if (kibibytes === undefined) return [];
  // It is what is free and what can be reclaimed, and nothing that is locked.
  const limitBytes = Number(kibibytes) * 1024;
  return [{ file: "MemAvailable", cgroup: null, limitBytes, usedBytes: 0, reclaimableBytes: 0 }];
}

function limitsOf({ hierarchy, path, folder }: Cgroup): MemoryLimit[] {
  const stat = readIfThere(join(folder, "memory.stat"));
  const reclaimableBytes = hierarchy.reclaimable.reduce(
    (sum, name) => sum + (field(stat, name) ?? 0),
    0,
  );
  return hierarchy.limits.flatMap(([file, usage]) => {
    // "max" is no number.
    const limitBytes = number(readIfThere(join(folder, file)));
    const usedBytes = number(readIfThere(join(folder, usage)));
    if (limitBytes === null || usedBytes === null || limitBytes >= UNLIMITED_BYTES) return [];
    return [{ file, cgroup: { path, folder }, limitBytes, usedBytes, reclaimableBytes }];
  });
}

/** The cgroups whose memory limits hold for this process, from its own up to the root, of v1 first. */
function cgroupsOf(root: string): Cgroup[] {
  const memberships = readIfThere(join(root, "proc/self/cgroup"))?.split("\n") ?? [];
  const mounts = readMounts(root);
  const chains = memberships.map((line): Cgroup[] => {
    // hierarchy-ID:controllers:path; v2 is 0 without controllers. A path may hold colons.
    const [, id, controllers = "", path = ""] = line.match(/^(\d+):([^:]*):(.*)$/) ?? [];
    if (id === undefined) return [];
    if (controllers.split(",").includes("memory")) {
      return unlessOnTheirOwn(chain(V1, { path, mount: mounts.v1, root }));
    }
    return id === "0" ? chain(V2, { path, mount: mounts.v2, root }) : [];
  });
  return chains.flat();
}

/** Where a hierarchy is mounted, and which of its cgroups is there: in a container it is the container's. */
interface Mount {
  readonly point: string;
  readonly top: string;
}

function chain(
  hierarchy: Hierarchy,
  { path, mount, root }: {
    readonly path: string;
    readonly mount: Mount | undefined;
    readonly root: string;
  },
): Cgroup[] {
  if (mount === undefined) return [];
  const top = mount.top === "/" ? "" : mount.top;
  // A process that is outside of what is mounted here is held by the topmost one that can be seen.
  const below = path === top || path.startsWith(`${top}/`) ? path.slice(top.length) : "";
  const names = below.split("/").filter((name) => name !== "");
  const isInside = !names.includes("..");
  const cgroups: Cgroup[] = [];
  for (let depth = isInside ? names.length : 0; depth >= 0; depth--) {
    const inner = names.slice(0, depth);
    cgroups.push({
      hierarchy,
      path: join("/", top, ...inner),
      folder: join(root, mount.point, ...inner),
    });
  }
  return cgroups;
}

/** Until Linux 5.11 a cgroup of v1 could leave what is below it alone; then none above limits it either. */
function unlessOnTheirOwn(cgroups: readonly Cgroup[]): Cgroup[] {
  const end = cgroups.findIndex(({ folder }, index) =>
    index > 0 && readIfThere(join(folder, "memory.use_hierarchy"))?.trim() === "0"
  );
  return end === -1 ? [...cgroups] : cgroups.slice(0, end);
}

/** Where the memory controller of v1, and v2, are mounted: proc_pid_mountinfo(5). */
function readMounts(root: string): { v1?: Mount; v2?: Mount } {
  const mounts: { v1?: Mount; v2?: Mount } = {};
  for (const line of readIfThere(join(root, "proc/self/mountinfo"))?.split("\n") ?? []) {
    const [place = "", source = ""] = line.split(" - ");
    const [, , , top, point] = place.split(" ").map(unescape);
    const [type, , options = ""] = source.split(" ");
    if (top === undefined || point === undefined) continue;
    if (type === "cgroup2") mounts.v2 ??= { top, point };
    if (type === "cgroup" && options.split(",").includes("memory")) mounts.v1 ??= { top, point };
  }
  return mounts;
}

/** Spaces and the like are written as octal numbers there. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}

function field(text: string | undefined, name: string): number | null {
  const line = text?.split("\n").find((each) => each.startsWith(`${name} `));
  return number(line?.slice(name.length + 1));
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : null;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not every machine has this file; who may not read it has no better source.
    return undefined;
  }
}
