/**
 * What a service may use, and how soon the OOM killer takes it. The agent itself runs with more than any service should
 * have: all the memory that it locks, a million files, and an OOM score that spares it. None of that is inherited.
 */

import { writeFileSync } from "node:fs";
import { type LimitName, processLimit } from "../../ffi/mod.ts";
import { systemErrorCode } from "../atomic_file.ts";

/** A limit of setrlimit(2); `Infinity` for none. Bytes, or a number of files or processes. */
export interface ServiceLimit {
  readonly soft: number;
  readonly hard: number;
}

/** What a config says about the resources of a service. */
export interface ServiceResources {
  /** Limits by their names in limits.conf(5). Default: {@linkcode DEFAULT_LIMITS}, and the agent's own for all others. */
  ulimits?: Readonly<Partial<Record<LimitName, ServiceLimit | undefined>>> | undefined;
  /** -1000 to 1000, see proc_pid_oom_score_adj(5). Default 0, as for any other process. */
  oomScoreAdjust?: number | undefined;
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** In which POSIX counts the sizes of files. */
const BLOCK = 512;

/** What systemd gives to a unit that says nothing: 1024 files, since select(2) breaks above that; and 8 MiB locked. */
const DEFAULT_LIMITS: Readonly<Partial<Record<LimitName, ServiceLimit>>> = {
  nofile: { soft: 1024, hard: 524_288 },
  memlock: { soft: 8 * MIB, hard: 8 * MIB },
};

/** The option of the shell's `ulimit` for each limit, and the unit that it counts in. */
const OPTIONS: Readonly<Record<LimitName, readonly [option: string, unit: number]>> = {
  as: ["v", KIB],
  core: ["c", BLOCK],
  data: ["d", KIB],
  fsize: ["f", BLOCK],
  memlock: ["l", KIB],
  nofile: ["n", 1],
  nproc: ["p", 1],
  stack: ["s", KIB],
};

/** `nproc` in the shells (bash) in which `-p` is something else, which cannot be set. */
const OTHER_OPTIONS: Readonly<Partial<Record<LimitName, string>>> = { nproc: "u" };

const DEFAULT_OOM_SCORE_ADJUST = 0;

/**
 * The shell commands by which a process gives itself its limits. It does so itself because another process may set them
 * only with a capability that root in a container does not have. What the config does not name is set as far as the agent
 * may: one that was itself given less cannot give more. A limit that cannot be given ends the shell, saying what it takes.
 */
export function limitCommands({ ulimits = {} }: ServiceResources): string {
  const all = { ...DEFAULT_LIMITS, ...ulimits };
  return (Object.keys(OPTIONS) as LimitName[]).map((name) => {
    const limit = all[name];
    if (limit === undefined) return "";
    const { hard: most } = processLimit(0, name);
    const isNamed = ulimits[name] !== undefined;
    const hard = isNamed ? limit.hard : Math.min(limit.hard, most);
    const soft = Math.min(limit.soft, hard);
    // A soft limit is never above the hard one, at no time.
    const order = soft <= most ? [["S", soft], ["H", hard]] : [["H", hard], ["S", soft]];
    return order.map(([kind, value]) =>
      `${
        command(name, String(kind), Number(value))
      } || { echo "ulimits.${name}: expected at most ${most}, ` +
      `which is the limit of the agent itself, was ${limit.hard}; raise Limit${name.toUpperCase()}= of its ` +
      `unit, or run it as root"; exit 126; }\n`
    ).join("");
  }).join("");
}

function command(name: LimitName, kind: string, value: number): string {
  const [option, unit] = OPTIONS[name];
  const shown = value === Infinity ? "unlimited" : String(Math.ceil(value / unit));
  return [option, OTHER_OPTIONS[name]].filter((each) => each !== undefined).map((each) =>
    `ulimit -${kind} -${each} ${shown} 2>/dev/null`
  ).join(" || ");
}

/**
 * Sets how soon the OOM killer takes a process.
 *
 * @throws {Error} when the agent may not give the value that the config names.
 */
export function setOomScore(pid: number, { oomScoreAdjust: wanted }: ServiceResources): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(wanted ?? DEFAULT_OOM_SCORE_ADJUST));
  } catch (error) {
    // Without root nobody is spared more than the agent was when it began.
    if (wanted === undefined) return;
    if (systemErrorCode(error) !== "EACCES") throw error;
    throw new Error(
      `oomScoreAdjust: expected one that the agent may give, was ${wanted}; set OOMScoreAdjust=${wanted} or ` +
        `less in its unit, or run it as root`,
      { cause: error },
    );
  }
}
