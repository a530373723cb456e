/**
 * How much memory may be locked on this machine, and what limits it. Pure arithmetic on a reading of memory_reading.ts.
 *
 * What is locked can never be reclaimed. So a release fits if every limit has room for it beside what is charged and cannot be
 * reclaimed already, and a margin. Without that the kernel ends processes, and not those that asked for too much.
 *
 * @module
 */

/** One thing that limits how much memory may be used. */
export interface MemoryLimit {
  /** The file that says so, or its field. */
  readonly file: MemoryLimitFile;
  /** The path of the cgroup, as in proc_pid_cgroup(5), and the folder of its files; `null`: it is the machine's own. */
  readonly cgroup: { readonly path: string; readonly folder: string } | null;
  /** The most that may be used, in bytes; of MemAvailable what is available. */
  readonly limitBytes: number;
  /** What is used, in bytes. */
  readonly usedBytes: number;
  /** How much of that the kernel can take back: page cache that is not locked. Anonymous memory counts as if there were no swap. */
  readonly reclaimableBytes: number;
}

/** The files and fields that say how much memory may be used. */
export type MemoryLimitFile =
  | "MemAvailable"
  // cgroup v2
  | "memory.max"
  | "memory.high"
  // cgroup v1
  | "memory.limit_in_bytes"
  | "memory.memsw.limit_in_bytes";

/** What is to be locked, and what has to be left. */
export interface MemoryNeed {
  /** In whole pages. */
  readonly lockBytes: number;
  /** What keepers of other releases are about to lock. Default 0. */
  readonly owedBytes?: number;
  /** What should stay free for everything else. */
  readonly marginBytes: number;
  /**
   * Whether its keeper runs and locks. Then the keeper's own memory is in use already, and half of the margin will do: what had
   * room before it was fetched is not given up because somebody has used a little of the margin meanwhile, which it is for.
   */
  readonly isLocking: boolean;
  readonly pageBytes: number;
}

/** A limit that leaves too little. */
export interface MemoryShortage {
  readonly limit: MemoryLimit;
  /** What it leaves; never less than 0. */
  readonly availableBytes: number;
  /** How much more it would have to leave. */
  readonly missingBytes: number;
  /**
   * By how much to raise it: half a margin more than is missing, since what is in use changes by itself, and whoever does what
   * he is told should not be told again.
   */
  readonly raiseBytes: number;
}

/**
 * How much memory stays free by default when a release is locked: for a fetch (some 20 MiB), for sockets and dirty pages, and
 * for a service that grows a little between two looks. Two keepers that lock at once may each lock a chunk that the other one
 * has not seen yet, which is a quarter of it.
 */
export const DEFAULT_MARGIN_BYTES = 256 * 1024 * 1024;

/** An entry of a page table, one per page that is mapped, on x86-64 and arm64. It is charged like the page itself. */
const PAGE_ENTRY_BYTES = 8;

/** A keeper's own memory: 15 MiB were measured from source, 34 MiB with the binary. */
const KEEPER_BYTES = 34 * 1024 * 1024;

/** What locking so much takes of memory: its pages, the page tables of the keeper that maps them, and the keeper. */
export function memoryToLock(
  { lockBytes, pageBytes, isLocking }: Pick<MemoryNeed, "lockBytes" | "pageBytes" | "isLocking">,
): number {
  const tablesBytes = Math.ceil(lockBytes / pageBytes) * PAGE_ENTRY_BYTES;
  return lockBytes + tablesBytes + (isLocking ? 0 : KEEPER_BYTES);
}

/** What a limit leaves for locking; negative when what cannot be reclaimed exceeds it, as after it was lowered. */
export function lockableBytes({ limitBytes, usedBytes, reclaimableBytes }: MemoryLimit): number {
  return limitBytes - Math.max(0, usedBytes - reclaimableBytes);
}

/** The limits that leave too little, that with the most missing first; empty: there is room. */
export function memoryShortages(
  limits: readonly MemoryLimit[],
  need: MemoryNeed,
): MemoryShortage[] {
  const { lockBytes, owedBytes = 0, marginBytes, isLocking } = need;
  // What has no page needs no margin either: a release without content can be locked anywhere.
  if (lockBytes === 0) return [];
  const takenBytes = memoryToLock({ ...need, lockBytes: lockBytes + owedBytes });
  const leastMarginBytes = isLocking ? marginBytes / 2 : marginBytes;
  return limits
    .filter((limit) => takenBytes + leastMarginBytes > lockableBytes(limit))
    .map((limit) => {
      // Of the whole margin, or else the next release would be refused again.
      const missingBytes = Math.ceil(takenBytes + marginBytes - lockableBytes(limit));
      return {
        limit,
        availableBytes: Math.max(0, lockableBytes(limit)),
        missingBytes,
        raiseBytes: missingBytes + Math.ceil(marginBytes / 2),
      };
    })
    .sort((a, b) => b.missingBytes - a.missingBytes);
}
