/**
 * The pin keeper: a small process whose only purpose is to hold locks on the pages of one folder, so
 * that they stay in memory while the agent restarts. It loads as few modules as possible; pins.ts is
 * the agent's side.
 *
 * @module
 */

import { rmSync, statSync } from "node:fs";
import process from "node:process";
import { reasonOf } from "../../base/reason.ts";
import {
  LibcError,
  lockedMemoryBytes,
  lockingAllowance,
  lockMemory,
  mapResidency,
  memoryLockLimit,
  MemoryMap,
  raiseMemoryLockLimit,
} from "../../ffi/mod.ts";
import { isMissing, readJsonFile, writeJsonFile } from "../atomic_file.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError } from "../errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { identify } from "../process/process_table.ts";
import { checkPinnable, notPermitted, type PinFile, type PinPlan, planPin } from "./pin_plan.ts";
import { PIN_STATUS_SCHEMA, type PinFailure, type PinStatus } from "./pin_status.ts";

/**
 * How much is locked by one call: large enough that the call's own cost does not matter, small enough
 * to show progress, and to stop within about a second of disk reading.
 */
const CHUNK_BYTES = 256 * 1024 * 1024;

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
  /** Where the status goes. */
  statusPath: string;
  /** Ends the keeper, and with it the locks. */
  signal: AbortSignal;
  log?: Log;
  clock?: Clock;
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

  constructor(options: PinKeeperOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#status = initialStatus(options.root, this.#clock.wallTimeMs());
    this.#publishedMs = this.#clock.nowMs();
  }

  async run(): Promise<PinKeeperEnd> {
    const { root, signal, statusPath } = this.#options;
    try {
      await this.#lockAll();
    } catch (error) {
      this.unlockAll();
      if (signal.aborted) return this.#released();
      return this.#failed(error);
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
    const { root, limitBytes } = this.#options;
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
    checkPinnable({ name: root, fileSizes, limitBytes });
    for (const file of plan.files) {
      if (file.sizeBytes > 0) await this.#lockFile(file);
    }
    this.#prove(plan);
  }

  async #lockFile(file: PinFile): Promise<void> {
    const map = this.#map(file);
    for (let offset = 0; offset < file.sizeBytes; offset += CHUNK_BYTES) {
      this.#options.signal.throwIfAborted();
      try {
        await lockMemory(map, { offsetBytes: offset, lengthBytes: CHUNK_BYTES });
      } catch (error) {
        throw explainLockFailure(error, { file, root: this.#options.root });
      }
      this.#status.lockedBytes += Math.min(CHUNK_BYTES, file.sizeBytes - offset);
      if (this.#clock.nowMs() - this.#publishedMs >= STATUS_INTERVAL_MS) this.#publish({});
    }
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
  };
}

/** mlock(2) has three causes for ENOMEM, and only one of them is mended by a higher limit. */
function explainLockFailure(error: unknown, facts: { file: PinFile; root: string }): unknown {
  if (!(error instanceof LibcError)) return error;
  const { file, root } = facts;
  const lockedBytes = lockedMemoryBytes();
  const requiredBytes = Math.min(CHUNK_BYTES, file.sizeBytes);
  const limitBytes = memoryLockLimit().softBytes;
  if (error.code === "EPERM" || lockedBytes + requiredBytes > limitBytes) {
    // The root of an unprivileged container appears to have no limit until it tries to lock, so the
    // limit itself is reported here and not the allowance.
    const availableBytes = Math.max(0, limitBytes - lockedBytes);
    const allowance = { ...lockingAllowance(), limitBytes, lockedBytes, availableBytes };
    const missing = planPin(root).totalBytes - lockedBytes;
    return notPermitted(root, { requiredBytes: missing, allowance, cause: error });
  }
  if (error.code === "EAGAIN") {
    return new HostError("PIN_MEMORY", {
      message:
        `pin ${file.path}: expected free memory for ${requiredBytes} bytes, got none; unpin ` +
        `an older release, or raise the cgroup's memory.max`,
      cause: error,
    });
  }
  return new HostError("PIN_FILES_CHANGED", {
    message:
      `pin ${file.path}: expected ${file.sizeBytes} readable bytes, got ${error.code}; the ` +
      `file was cut short or the disk cannot read it: verify the release again`,
    cause: error,
  });
}

function explainMapFailure(
  error: unknown,
  facts: { file: PinFile; mapsCount: number },
): unknown {
  if (!(error instanceof LibcError)) return error;
  const { file, mapsCount } = facts;
  if (error.code === "ENOMEM") {
    return new HostError("PIN_TOO_MANY_FILES", {
      message:
        `pin ${file.path}: expected one more memory map, got ENOMEM after ${mapsCount} files; ` +
        `raise vm.max_map_count, or the limit on address space`,
      cause: error,
    });
  }
  return new HostError(error.code === "ENOENT" ? "PIN_FILES_CHANGED" : "PIN_READ_FAILED", {
    message:
      `pin ${file.path}: expected a file to map, got ${error.code}; verify the release again, ` +
      `and look whether this user may read it`,
    cause: error,
  });
}

function toFailure(error: unknown): PinFailure {
  if (error instanceof HostError) {
    const { code, message, advice } = error;
    return { code, message, advice };
  }
  const message = reasonOf(error);
  return { code: isMissing(error) ? "PIN_FILES_CHANGED" : "PIN_READ_FAILED", message };
}
