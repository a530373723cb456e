/**
 * The resource limits of a process, of this one or of one that it has started: prlimit(2). What is a good limit is decided
 * elsewhere.
 */

import { lastError } from "./errno.ts";
import { libc } from "./libc.ts";

/** The limits that can be set, by the names of limits.conf(5), and their numbers, the same on x86-64 and arm64. */
const RESOURCES = {
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
} as const;

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** The name of a limit, as in limits.conf(5). */
export type LimitName = keyof typeof RESOURCES;

/** A soft limit, which the process may raise up to the hard one; `Infinity` for none. In bytes, or a count. */
export interface ProcessLimit {
  readonly soft: number;
  readonly hard: number;
}

/**
 * Reads a limit. `pid` 0 is this process.
 *
 * @throws {LibcError} `ESRCH` when there is no such process, `EPERM` for one of another user.
 */
export function processLimit(pid: number, name: LimitName): ProcessLimit {
  const found = new BigUint64Array(2);
  if (libc().prlimit(pid, RESOURCES[name], null, found) !== 0) throw lastError("prlimit");
  return { soft: toNumber(found[0]), hard: toNumber(found[1]) };
}

/**
 * Sets a limit. `pid` 0 is this process.
 *
 * @throws {LibcError} `EPERM` when the hard limit would rise, which takes root; `ESRCH` when there is no such process.
 */
export function setProcessLimit(pid: number, name: LimitName, { soft, hard }: ProcessLimit): void {
  const wanted = new BigUint64Array([toLimit(soft), toLimit(hard)]);
  if (libc().prlimit(pid, RESOURCES[name], wanted, null) !== 0) throw lastError("prlimit");
}

function toNumber(limit: bigint | undefined): number {
  return limit === undefined || limit === RLIM_INFINITY ? Infinity : Number(limit);
}

function toLimit(value: number): bigint {
  return value === Infinity ? RLIM_INFINITY : BigInt(value);
}
