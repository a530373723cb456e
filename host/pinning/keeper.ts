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
  lockMemoryNow,
  MemoryMap,
  raiseMemoryLockLimit,
  roundUpToPages,
} from "../../ffi/mod.ts";
import { readJsonFile, writeJsonFile } from "../atomic_file.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError } from "../errors.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { inBatches, isSmall } from "./file_batches.ts";
import { identify } from "../process/process_table.ts";
import { explainLockFailure, explainMapFailure, toFailure } from "./lock_failure.ts";
import { readMemoryLimits, readOomKills } from "./memory_reading.ts";
import { volunteerForOomKiller } from "./oom_score.ts";
import { checkMemory, checkPinnable, planPin } from "./pin_plan.ts";
import { type HeldFile, identifyFile, type PinProof, provePages } from "./pin_proof.ts";
import type { PinFile, PinSelection } from "./pin_selection.ts";
import { PIN_STATUS_SCHEMA, type PinFailure, type PinStatus } from "./pin_status.ts";

/**
 * How much is locked between two looks at the memory that is left, and by one call at most: large enough that neither's cost
 * matters, and a quarter of the margin that stays free by default, so that two keepers at once do not use it up unseen.
 */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** How often progress is written while thousands of small files are locked. */
const STATUS_INTERVAL_MS = 500;

/**
 * How often a keeper that holds its pages checks that its status file still names it, since otherwise nobody could end it, and
 * that the kernel still counts as many bytes as locked. Two small reads.
 */
const HOLD_CHECK_MS = 5000;

/** The next proof waits for this many times what the last one took, so that proofs take one percent of one processor at most. */
const PROOF_PAUSE_FACTOR = 100;

/** Options of {@linkcode runPinKeeper}. */
export interface PinKeeperOptions {
  /** The folder to lock; absolute. */
  root: string;
  /** The most to lock, in bytes, in whole pages. */
  limitBytes: number;
  /** Memory that has to stay free, in bytes. Default: {@linkcode DEFAULT_MARGIN_BYTES}. */
  marginBytes?: number | undefined;
  /** What of it is locked. Default: every regular file below it. */
  selection?: PinSelection | undefined;
  /** Where the status goes. */
  statusPath: string;
  /**
   * Whether it ends when its status file is gone, since nobody could find it then. Default true; who starts a keeper by hand
   * ends it by its pid.
   */
  isOwned?: boolean | undefined;
  /** Called when all is locked, and again whenever it had to be locked again. */
  onLocked?: ((status: PinStatus) => void) | undefined;
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
  /** The files that it has mapped, by their paths. */
  readonly #held = new Map<string, HeldFile>();
  #status: PinStatus;
  /** When the status was written, on the monotonic clock; the wall clock's `updatedAt` is for people. */
  #publishedMs: number;
  /** How much will be locked when the memory that is left is looked at again. */
  #lookAgainAtBytes = 0;
  /** When all pages are proved to be locked again, on the monotonic clock. */
  #proveAgainMs = 0;

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
      await asVolunteer(() => this.#lockAll());
      this.#log.info("locked", { root, ...this.#progress() });
      const orphaned = await this.#hold();
      if (!orphaned) return this.#released();
    } catch (error) {
      this.unlockAll();
      if (signal.aborted) return this.#released();
      return this.#failed(error);
    }
    this.#log.warn("the status file is gone or names another keeper: unlocking", { statusPath });
    return { type: "orphaned" };
  }

  /** Unmaps everything, which also unlocks it. */
  unlockAll(): void {
    for (const { map } of this.#held.values()) map.close();
    this.#held.clear();
  }

  async #lockAll(): Promise<void> {
    const { root, selection, limitBytes, marginBytes } = this.#options;
    const { readLimits = readMemoryLimits } = this.#options;
    this.#publish({});
    raiseMemoryLockLimit();
    const stat = statSync(root, { throwIfNoEntry: false });
    const plan = planPin(root, selection);
    this.#publish({
      rootIdentity: `${stat?.dev}:${stat?.ino}`,
      filesCount: plan.files.length,
      totalBytes: plan.totalBytes,
    });
    const fileSizes = plan.files.map((file) => file.sizeBytes);
    const limits = readLimits();
    checkPinnable({ name: root, fileSizes, limitBytes, marginBytes, isLocking: true, limits });
    const pagesBytes = fileSizes.reduce((sum, sizeBytes) => sum + roundUpToPages(sizeBytes), 0);
    for (const batch of inBatches(plan.files.filter((file) => file.sizeBytes > 0))) {
      await this.#lockBatch(batch, pagesBytes);
    }
    this.#expectProof();
  }

  /** Small files together, so that the disk is asked for all of them at once; or one that is not small. */
  async #lockBatch(files: readonly PinFile[], pagesBytes: number): Promise<void> {
    this.#options.signal.throwIfAborted();
    this.#expectMemory(pagesBytes);
    const maps = files.map((file) => this.#held.get(file.path) ?? this.#map(file));
    for (const [index, { file, map }] of maps.entries()) {
      if (index < maps.length - 1) this.#lockNow(file, map);
      // The last one is waited for on another thread, so that signals are noticed meanwhile.
      else await this.#lockInChunks(file, map, pagesBytes);
    }
  }

  #lockNow(file: PinFile, map: MemoryMap): void {
    try {
      lockMemoryNow(map);
    } catch (error) {
      throw this.#explain(error, file, file.sizeBytes);
    }
    this.#status.lockedBytes += file.sizeBytes;
  }

  async #lockInChunks(file: PinFile, map: MemoryMap, pagesBytes: number): Promise<void> {
    for (let offset = 0; offset < file.sizeBytes; offset += CHUNK_BYTES) {
      this.#options.signal.throwIfAborted();
      this.#expectMemory(pagesBytes);
      const chunkBytes = Math.min(CHUNK_BYTES, file.sizeBytes - offset);
      try {
        await lockMemory(map, { offsetBytes: offset, lengthBytes: chunkBytes });
      } catch (error) {
        throw this.#explain(error, file, chunkBytes);
      }
      this.#status.lockedBytes += chunkBytes;
      if (this.#clock.nowMs() - this.#publishedMs >= STATUS_INTERVAL_MS) this.#publish({});
    }
  }

  #explain(error: unknown, file: PinFile, requiredBytes: number): unknown {
    const { root } = this.#options;
    const { totalBytes } = this.#status;
    return explainLockFailure(error, { file, root, requiredBytes, totalBytes });
  }

  /** Others use memory as well meanwhile: what does not fit any more is given up, rather than that the kernel ends somebody. */
  #expectMemory(pagesBytes: number): void {
    if (this.#status.lockedBytes < this.#lookAgainAtBytes) return;
    const { root, marginBytes, readLimits = readMemoryLimits } = this.#options;
    const lockBytes = Math.max(0, pagesBytes - lockedMemoryBytes());
    checkMemory({ name: root, lockBytes, marginBytes, isLocking: true, limits: readLimits() });
    this.#lookAgainAtBytes = this.#status.lockedBytes + CHUNK_BYTES;
  }

  #map(file: PinFile): HeldFile {
    try {
      const map = MemoryMap.ofFile(file.path, file.sizeBytes, file);
      const held = { file, map, identity: identifyFile(file.path) };
      this.#held.set(file.path, held);
      if (isSmall(file)) map.prefetch();
      else map.preferHugePages();
      return held;
    } catch (error) {
      throw explainMapFailure(error, { file, mapsCount: this.#held.size });
    }
  }

  /** mlock(2) promises that the pages are resident and stay; here the kernel is asked, and the status keeps its answer. */
  #expectProof(): void {
    const { residentBytes, provenBytes } = this.#prove();
    const { totalBytes } = this.#status;
    if (provenBytes !== totalBytes) {
      throw new HostError("PIN_FILES_CHANGED", {
        message: `pin ${this.#options.root}: expected all ${totalBytes} bytes locked in memory, ` +
          `found ${provenBytes}, and ${residentBytes} in memory; a file was cut short or replaced ` +
          `meanwhile: verify the release again`,
      });
    }
    this.#publish({ state: "locked", lockedBytes: provenBytes, residentBytes, provenBytes });
    this.#options.onLocked?.(this.#status);
  }

  #prove(): PinProof {
    const beganMs = this.#clock.nowMs();
    const proof = provePages([...this.#held.values()]);
    const endedMs = this.#clock.nowMs();
    const pauseMs = Math.max(HOLD_CHECK_MS, PROOF_PAUSE_FACTOR * (endedMs - beganMs));
    this.#proveAgainMs = endedMs + pauseMs;
    return proof;
  }

  /**
   * Holds the pages, and locks again what is not locked any more; resolves to false when the signal aborts, to true when the
   * status file no longer names this keeper.
   */
  async #hold(): Promise<boolean> {
    const { signal, isOwned = true } = this.#options;
    while (!signal.aborted) {
      await sleep(this.#clock, HOLD_CHECK_MS, signal);
      if (signal.aborted) break;
      if (isOwned && !this.#ownsStatus()) return true;
      const hasLess = lockedMemoryBytes() < this.#status.vmLckBytes;
      if (hasLess || this.#clock.nowMs() >= this.#proveAgainMs) await this.#proveAgain();
    }
    return false;
  }

  async #proveAgain(): Promise<void> {
    const { residentBytes, provenBytes, lost } = this.#prove();
    if (lost.length === 0) return;
    this.#publish({ state: "locking", lockedBytes: provenBytes, residentBytes, provenBytes });
    const { root } = this.#options;
    const file = lost[0]?.file.path;
    this.#log.warn("not locked any more, locking again", { root, file, ...this.#progress() });
    for (const { file, map, identity } of lost) {
      // What is left of a file stays locked. The pages of another one are of no use any more, and take the memory of those that are.
      if (identifyFile(file.path) === identity) continue;
      map.close();
      this.#held.delete(file.path);
    }
    const { selection } = this.#options;
    const files = selection === undefined ? lost.map((one) => one.file) : this.#selectAgain(lost);
    // What is locked again in place is held already, and counts once.
    const others = files.filter(({ path }) => !this.#held.has(path)).map((file) => ({ file }));
    const pagesBytes = [...this.#held.values(), ...others]
      .reduce((sum, { file }) => sum + roundUpToPages(file.sizeBytes), 0);
    this.#lookAgainAtBytes = 0;
    await asVolunteer(async () => {
      for (const batch of inBatches(files)) await this.#lockBatch(batch, pagesBytes);
      this.#expectProof();
    });
  }

  /**
   * What somebody has named by hand may change its size as well, where a release of another size would be spoilt: it is looked
   * up anew, and what is not meant any more is let go. Returns what is to be locked.
   */
  #selectAgain(lost: readonly HeldFile[]): PinFile[] {
    const { root, selection } = this.#options;
    const { files, totalBytes } = planPin(root, selection);
    this.#publish({ filesCount: files.length, totalBytes });
    const sizes = new Map(files.map(({ path, sizeBytes }) => [path, sizeBytes]));
    for (const [path, { file, map }] of this.#held) {
      if (sizes.get(path) === file.sizeBytes) continue;
      map.close();
      this.#held.delete(path);
    }
    const isLost = new Set(lost.map(({ file }) => file.path));
    return files.filter(({ path, sizeBytes }) =>
      sizeBytes > 0 && (isLost.has(path) || !this.#held.has(path))
    );
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
    this.#publish({
      state: "failed",
      lockedBytes: 0,
      residentBytes: 0,
      provenBytes: 0,
      failure,
    });
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
    const { filesCount, totalBytes, lockedBytes, vmLckBytes, residentBytes, provenBytes } =
      this.#status;
    return { filesCount, totalBytes, lockedBytes, vmLckBytes, residentBytes, provenBytes };
  }
}

/** Who locks is whom the kernel ends first if memory runs out. */
async function asVolunteer(work: () => Promise<void>): Promise<void> {
  const standDown = volunteerForOomKiller();
  try {
    await work();
  } finally {
    standDown();
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
    provenBytes: 0,
    updatedAt: now,
    oomKills: readOomKills() ?? undefined,
  };
}
