/**
 * The pin keeper: a small process whose only purpose is to hold locks on the pages of one folder, so
 * that they stay in memory while the agent restarts. It loads as few modules as possible; pins.ts is
 * the agent's side.
 *
 * @module
 */

import { rmSync, statSync } from "node:fs";
import process from "node:process";
import {
  lockedMemoryBytes,
  lockMemory,
  mapResidency,
  MemoryMap,
  raiseMemoryLockLimit,
  roundUpToPages,
} from "../../ffi/mod.ts";
import { readJsonFile, writeJsonFile } from "../atomic_file.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError } from "../errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { identify } from "../process/process_table.ts";
import { explainLockFailure, explainMapFailure, toFailure } from "./lock_failure.ts";
import { readMemoryLimits, readOomKills } from "./memory_reading.ts";
import { volunteerForOomKiller } from "./oom_score.ts";
import { checkMemory, checkPinnable, type PinFile, type PinPlan, planPin } from "./pin_plan.ts";
import { PIN_STATUS_SCHEMA, type PinFailure, type PinStatus } from "./pin_status.ts";

/**
 * How much is locked between two looks at the memory that is left, and by one call at most: large enough that neither's cost
 * matters, and a quarter of the margin that stays free by default, so that two keepers at once do not use it up unseen.
 */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** How often progress is written while thousands of small files are locked. */
const STATUS_INTERVAL_MS = 500;

/** How often an idle keeper checks that its status file still names it, since otherwise nobody could end it. One small read. */
const OWNERSHIP_CHECK_MS = 5000;

/** Options of {@linkcode runPinKeeper}. */
export interface PinKeeperOptions {
  /** The folder to lock; absolute. */
  root: string;
  /** The most to lock, in bytes, in whole pages. */
  limitBytes: number;
  /** Memory that has to stay free, in bytes. Default: {@linkcode DEFAULT_MARGIN_BYTES}. */
  marginBytes?: number | undefined;
  /** Where the status goes. */
  statusPath: string;
  /** Ends the keeper, and with it the locks. */
  signal: AbortSignal;
  log?: Log;
  clock?: Clock;
  /** Reads what limits memory. Default: {@linkcode readMemoryLimits}. */
  readLimits?: typeof readMemoryLimits;
}

/** How a keeper ended. */
export type PinKeeperEnd =
  /** It was told to end by the signal. */
  | { type: "released" }
  /** Its status file is gone or names another keeper, so that nobody could have ended it any more. */
  | { type: "orphaned" }
  | { type: "failed"; failure: PinFailure };

/**
 * Locks every regular file below root, writes a status that proves it, and holds the locks until the
 * signal aborts. When anything fails, everything is unlocked again and the status says why.
 *
 * @throws the system's error when the status itself cannot be written.
 */
export async function runPinKeeper(options: PinKeeperOptions): Promise<PinKeeperEnd> {
  const keeper = new PinKeeper(options);
  try {
    return await keeper.run();
  } finally {
    keeper.unlockAll();
  }
}

/** One run of a keeper: its maps, and the status that it publishes. */
class PinKeeper {
  readonly #options: PinKeeperOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #maps: MemoryMap[] = [];
  #status: PinStatus;
  /** When the status was written, on the monotonic clock; the wall clock's `updatedAt` is for people. */
  #publishedMs: number;
  /** How much will be locked when the memory that is left is looked at again. */
  #lookAgainAtBytes = 0;

  constructor(options: PinKeeperOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#status = initialStatus(options.root, this.#clock.wallTimeMs());
    this.#publishedMs = this.#clock.nowMs();
  }

  async run(): Promise<PinKeeperEnd> {
    const { root, signal, statusPath } = this.#options;
    const standDown = volunteerForOomKiller();
    try {
      await this.#lockAll();
    } catch (error) {
      this.unlockAll();
      if (signal.aborted) return this.#released();
      return this.#failed(error);
    } finally {
      standDown();
    }
    this.#log.info("locked", { root, ...this.#progress() });
    const orphaned = await this.#idle();
    if (!orphaned) return this.#released();
    this.#log.warn("the status file is gone or names another keeper: unlocking", { statusPath });
    return { type: "orphaned" };
  }

  /** Unmaps everything, which also unlocks it. */
  unlockAll(): void {
    for (const map of this.#maps.splice(0)) map.close();
  }

  async #lockAll(): Promise<void> {
    const { root, limitBytes, marginBytes, readLimits = readMemoryLimits } = this.#options;
    this.#publish({});
    raiseMemoryLockLimit();
    const stat = statSync(root, { throwIfNoEntry: false });
    const plan = planPin(root);
    this.#publish({
      rootIdentity: `${stat?.dev}:${stat?.ino}`,
      filesCount: plan.files.length,
      totalBytes: plan.totalBytes,
    });
    const fileSizes = plan.files.map((file) => file.sizeBytes);
    const limits = readLimits();
    checkPinnable({ name: root, fileSizes, limitBytes, marginBytes, isLocking: true, limits });
    const pagesBytes = fileSizes.reduce((sum, sizeBytes) => sum + roundUpToPages(sizeBytes), 0);
    for (const file of plan.files) {
      if (file.sizeBytes > 0) await this.#lockFile(file, pagesBytes);
    }
    this.#prove(plan);
  }

  async #lockFile(file: PinFile, pagesBytes: number): Promise<void> {
    const map = this.#map(file);
    for (let offset = 0; offset < file.sizeBytes; offset += CHUNK_BYTES) {
      this.#options.signal.throwIfAborted();
      this.#expectMemory(pagesBytes);
      const chunkBytes = Math.min(CHUNK_BYTES, file.sizeBytes - offset);
      try {
        await lockMemory(map, { offsetBytes: offset, lengthBytes: chunkBytes });
      } catch (error) {
        const { root } = this.#options;
        throw explainLockFailure(error, { file, root, requiredBytes: chunkBytes });
      }
      this.#status.lockedBytes += chunkBytes;
      if (this.#clock.nowMs() - this.#publishedMs >= STATUS_INTERVAL_MS) this.#publish({});
    }
  }

  /** Others use memory as well meanwhile: what does not fit any more is given up, rather than that the kernel ends somebody. */
  #expectMemory(pagesBytes: number): void {
    if (this.#status.lockedBytes < this.#lookAgainAtBytes) return;
    const { root, marginBytes, readLimits = readMemoryLimits } = this.#options;
    const lockBytes = Math.max(0, pagesBytes - lockedMemoryBytes());
    checkMemory({ name: root, lockBytes, marginBytes, isLocking: true, limits: readLimits() });
    this.#lookAgainAtBytes = this.#status.lockedBytes + CHUNK_BYTES;
  }

  #map(file: PinFile): MemoryMap {
    try {
      const map = MemoryMap.ofFile(file.path, file.sizeBytes);
      this.#maps.push(map);
      return map;
    } catch (error) {
      throw explainMapFailure(error, { file, mapsCount: this.#maps.length });
    }
  }

  /** mlock(2) promises that the pages are resident; mincore(2) verifies it, and the status keeps its answer as proof. */
  #prove(plan: PinPlan): void {
    const residentBytes = this.#maps.reduce(
      (sum, map) => sum + mapResidency(map).residentBytes,
      0,
    );
    if (residentBytes !== plan.totalBytes) {
      throw new HostError("PIN_FILES_CHANGED", {
        message:
          `pin ${this.#options.root}: expected all ${plan.totalBytes} bytes in memory, found ` +
          `${residentBytes}; a file was cut short meanwhile: verify the release again`,
      });
    }
    this.#publish({ state: "locked", residentBytes });
  }

  /** Waits; resolves to false when the signal aborts, to true when the status file no longer names this keeper. */
  async #idle(): Promise<boolean> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await sleep(this.#clock, OWNERSHIP_CHECK_MS, signal);
      if (!signal.aborted && !this.#ownsStatus()) return true;
    }
    return false;
  }

  #ownsStatus(): boolean {
    const file = readJsonFile(this.#options.statusPath);
    // A damaged file may be ours: one keeper too many does less harm than pages that are unlocked.
    if (file.state !== "present") return file.state === "corrupt";
    const found = file.value as Partial<PinStatus> | null;
    return found?.pid === this.#status.pid && found.startTimeTicks === this.#status.startTimeTicks;
  }

  #released(): PinKeeperEnd {
    if (this.#ownsStatus()) rmSync(this.#options.statusPath, { force: true });
    this.#log.info("released", { root: this.#options.root });
    return { type: "released" };
  }

  #failed(error: unknown): PinKeeperEnd {
    const failure = toFailure(error);
    this.#log.error(failure.message, { code: failure.code, advice: failure.advice });
    this.#publish({ state: "failed", lockedBytes: 0, residentBytes: 0, failure });
    return { type: "failed", failure };
  }

  #publish(changes: Partial<PinStatus>): void {
    this.#status = {
      ...this.#status,
      ...changes,
      vmLckBytes: lockedMemoryBytes(),
      updatedAt: this.#clock.wallTimeMs(),
    };
    this.#publishedMs = this.#clock.nowMs();
    writeJsonFile(this.#options.statusPath, this.#status);
  }

  #progress() {
    const { filesCount, totalBytes, lockedBytes, vmLckBytes, residentBytes } = this.#status;
    return { filesCount, totalBytes, lockedBytes, vmLckBytes, residentBytes };
  }
}

function initialStatus(root: string, now: number): PinStatus {
  const identity = identify(process.pid);
  if (identity === null) {
    throw new Error(`read /proc/${process.pid}/stat: expected this process; is /proc mounted?`);
  }
  return {
    schema: PIN_STATUS_SCHEMA,
    ...identity,
    root,
    rootIdentity: "",
    state: "locking",
    filesCount: 0,
    totalBytes: 0,
    lockedBytes: 0,
    vmLckBytes: 0,
    residentBytes: 0,
    updatedAt: now,
    oomKills: readOomKills() ?? undefined,
  };
}
