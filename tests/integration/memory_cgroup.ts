/**
 * A memory cgroup of a test's own, v1 or v2, whichever this machine has. Needs root.
 *
 * @module
 */

import { fail } from "node:assert/strict";

/** What differs between the versions of cgroups. */
interface Flavour {
  /** The folder below which cgroups are made. */
  readonly root: string;
  readonly limitFile: string;
  readonly usageFile: string;
  readonly eventsFile: string;
  /** How the fields of `memory.stat` begin that count cgroups below as well. */
  readonly total: string;
}

/** A memory cgroup with a limit. */
export interface MemoryCgroup {
  readonly folder: string;
  /** The file that has its limit. */
  readonly limitFile: string;
  /** Words before a command line that run it in this cgroup. */
  readonly wrapper: readonly string[];
  /** How many of its processes the kernel has killed for lack of memory. */
  oomKills(): number;
  /** What is charged to it and cannot be had back, in bytes. */
  unreclaimableBytes(): number;
  limitTo(bytes: number): void;
}

/**
 * Why no memory cgroup can be made here, for a test's name; `null`: one can be made. Where it cannot, the test is skipped.
 */
export const NO_MEMORY_CGROUP: string | null = whyNone();

/** Runs with a cgroup that is removed afterwards; what still runs in it then is moved out of it. */
export async function withMemoryCgroup(
  limitBytes: number,
  use: (cgroup: MemoryCgroup) => Promise<void>,
): Promise<void> {
  const { root, limitFile, usageFile, eventsFile, total } = flavour() ?? fail("no memory cgroups");
  const folder = `${root}/rollcall-test-${crypto.randomUUID()}`;
  Deno.mkdirSync(folder);
  try {
    const read = (file: string) => Deno.readTextFileSync(`${folder}/${file}`);
    const field = (file: string, name: string) =>
      Number(read(file).match(new RegExp(`^${name} (\\d+)$`, "m"))?.[1]);
    const limitTo = (bytes: number) =>
      Deno.writeTextFileSync(`${folder}/${limitFile}`, String(bytes));
    limitTo(limitBytes);
    await use({
      folder,
      limitFile,
      wrapper: ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder],
      limitTo,
      unreclaimableBytes: () =>
        Number(read(usageFile)) - field("memory.stat", `${total}inactive_file`) -
        field("memory.stat", `${total}active_file`),
      oomKills: () => field(eventsFile, "oom_kill"),
    });
  } finally {
    await remove(folder, root);
  }
}

async function remove(folder: string, root: string): Promise<void> {
  for (const pid of Deno.readTextFileSync(`${folder}/cgroup.procs`).split("\n")) {
    if (pid !== "") Deno.writeTextFileSync(`${root}/cgroup.procs`, pid);
  }
  // A process that has just ended is still counted for a moment.
  for (let attempt = 0;; attempt++) {
    try {
      return Deno.removeSync(folder);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function flavour(): Flavour | null {
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  const pointOf = (pattern: RegExp) => mounts.find((line) => pattern.test(line))?.split(" ")[4];
  const v1 = pointOf(/ - cgroup \S+ (\S+,)?memory(,|$)/);
  if (v1 !== undefined) {
    return {
      root: v1,
      limitFile: "memory.limit_in_bytes",
      usageFile: "memory.usage_in_bytes",
      eventsFile: "memory.oom_control",
      total: "total_",
    };
  }
  const v2 = pointOf(/ - cgroup2 /);
  if (v2 === undefined) return null;
  return {
    root: v2,
    limitFile: "memory.max",
    usageFile: "memory.current",
    eventsFile: "memory.events",
    total: "",
  };
}

function whyNone(): string | null {
  if (Deno.build.os !== "linux") return "memory cgroups are Linux's";
  if (Deno.uid() !== 0) return "making a memory cgroup takes root";
  const found = flavour();
  if (found === null) return "this machine mounts no memory cgroups";
  const folder = `${found.root}/rollcall-test-probe-${Deno.pid}`;
  try {
    Deno.mkdirSync(folder);
  } catch (error) {
    return `no memory cgroup can be made at ${found.root}: ${error}`;
  }
  try {
    Deno.statSync(`${folder}/${found.limitFile}`);
    return null;
  } catch {
    return `cgroups at ${found.root} have no memory controller`;
  } finally {
    Deno.removeSync(folder);
  }
}
