/**
 * The agent's side of pinning: starts or adopts the keeper of a release, waits until it has locked
 * all pages, reads its status, ends it. keeper.ts is the keeper itself.
 *
 * @module
 */

import { formatDurationMs } from "../../base/duration.ts";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { z } from "zod";
import { reasonOf } from "../../base/reason.ts";
import { lockedMemoryBytes } from "../../ffi/mod.ts";
import { readJsonFile } from "../atomic_file.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError, type HostErrorCode } from "../errors.ts";
import { type ChildExit, spawnDetached } from "../process/detached_spawn.ts";
import {
  identify,
  isSameProcessRunning,
  type ProcessIdentity,
  startedWith,
} from "../process/process_table.ts";
import { signalProcess } from "../process/signals.ts";
import { type PinByHand, pinKeeperArguments } from "./keeper_command.ts";
import { describePinEnd } from "./pin_end.ts";
import { PIN_STATUS_SCHEMA, type PinStatus } from "./pin_status.ts";

/** The variable that marks a process as the keeper of a status file: its absolute path. */
const KEEPER_VARIABLE = "ROLLCALL_PIN_STATUS";

/** How often a status file is read while somebody waits. */
const POLL_MS = 100;

/** Unmapping even 200 GiB takes less than a second; a keeper that takes longer than this hangs. */
const DEFAULT_RELEASE_GRACE_MS = 5000;

/** How long a keeper may take to end after SIGKILL: the kernel has to free its pages. */
const KILL_TIMEOUT_MS = 10_000;

/** A slow disk reads 64 MiB, the amount between two reports of progress, in a second; this is far more. */
const DEFAULT_STALL_TIMEOUT_MS = 120_000;

const statusSchema = z.object({
  schema: z.literal(PIN_STATUS_SCHEMA),
  pid: z.int().positive(),
  startTimeTicks: z.number(),
  bootId: z.string(),
  root: z.string(),
  rootIdentity: z.string(),
  state: z.enum(["locking", "locked", "failed"]),
  filesCount: z.number(),
  totalBytes: z.number(),
  lockedBytes: z.number(),
  vmLckBytes: z.number(),
  residentBytes: z.number(),
  provenBytes: z.number().optional(),
  updatedAt: z.number(),
  oomKills: z.object({ file: z.string(), count: z.number() }).optional(),
  failure: z.object({
    code: z.string().transform((code) => code as HostErrorCode),
    message: z.string(),
    advice: z.string().optional(),
  }).optional(),
});

/** How {@linkcode startPin} starts a keeper. */
export interface StartPinOptions {
  /**
   * The program and its first arguments that run a keeper, such as
   * `[Deno.execPath(), "run", "-A", "host/pinning/keeper_main.ts"]`; `--root`, `--status`,
   * `--limit-bytes` and `--margin-bytes` with their values are appended. See `runPinKeeperCommand`.
   */
  command: readonly string[];
  /** The folder to lock. */
  root: string;
  /** Where the keeper writes its status; one file per keeper. */
  statusPath: string;
  /** Where the keeper's log goes. Default: the status file's name with `.log` appended. */
  logPath?: string;
  /** The most to lock, in bytes; a folder that is larger is refused before anything is locked. */
  limitBytes: number;
  /** Memory that has to stay free, in bytes. Default {@linkcode DEFAULT_MARGIN_BYTES}. */
  marginBytes?: number;
  clock?: Clock;
}

/** A keeper that was started, or that was found running. */
export interface Pin extends ProcessIdentity {
  root: string;
  statusPath: string;
  /** True when an earlier agent had started it. */
  adopted: boolean;
  /** Settles when it has ended; only a parent learns how. */
  exited?: Promise<ChildExit>;
}

/** A status, and whether its keeper runs. Pages stay locked for as long as it does. */
export interface ObservedPin extends PinStatus {
  alive: boolean;
}

/**
 * Starts a detached keeper that outlives this process, or adopts the one that the status file names
 * if that one runs and holds the same folder. A running keeper of another folder, or one that failed,
 * is ended first. It does not wait for the pages; {@linkcode awaitPinned} does.
 *
 * @throws {HostError} `PIN_KEEPER_FAILED` when the command cannot be started, `PIN_ROOT_MISSING`.
 */
export async function startPin(options: StartPinOptions): Promise<Pin> {
  const { clock = systemClock } = options;
  const [root, statusPath] = [resolve(options.root), resolve(options.statusPath)];
  const rootIdentity = identifyFolder(root);
  const found = pinStatus(statusPath);
  if (found?.alive && found.state !== "failed" && found.root === root) {
    // A keeper that has only just started has not noted the folder's identity yet.
    if (found.rootIdentity === rootIdentity || found.rootIdentity === "") {
      const { pid, startTimeTicks, bootId } = found;
      return { pid, startTimeTicks, bootId, root, statusPath, adopted: true };
    }
  }
  if (found !== null) await releasePin(statusPath, { clock });
  mkdirSync(dirname(statusPath), { recursive: true });
  return await spawnKeeper({ ...options, root, statusPath });
}

/**
 * Starts a detached keeper that nobody looks after: it holds what is selected until it is told to end, by its pid.
 *
 * @param options the status file lies in a folder of its own, which the keeper removes when it is told to end.
 * @throws {HostError} `PIN_KEEPER_FAILED` when the command cannot be started.
 */
export async function startPinByHand(
  options: StartPinOptions & { readonly byHand: PinByHand },
): Promise<Pin> {
  return await spawnKeeper(options);
}

async function spawnKeeper(options: StartPinOptions & { byHand?: PinByHand }): Promise<Pin> {
  const { command, root, statusPath, limitBytes, marginBytes, byHand } = options;
  try {
    const args = pinKeeperArguments({ root, statusPath, limitBytes, marginBytes, byHand });
    const child = await spawnDetached({
      argv: [...command, ...args],
      cwd: process.cwd(),
      env: { ...Deno.env.toObject(), [KEEPER_VARIABLE]: statusPath },
      logPath: options.logPath ?? `${statusPath}.log`,
    });
    child.unref();
    const identity = identify(child.pid);
    if (identity === null) throw new Error("it ended at once");
    return { ...identity, root, statusPath, adopted: false, exited: child.exited };
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new HostError("PIN_KEEPER_FAILED", {
      message: `pin ${root}: expected to start ${command.join(" ")}, got: ${reason}`,
      cause,
    });
  }
}

/** Options of {@linkcode awaitPinned}. */
export interface AwaitPinnedOptions {
  signal?: AbortSignal | undefined;
  clock?: Clock;
  /** Called with each new status while pages are being locked. */
  onProgress?: (status: PinStatus) => void;
  /** How long the keeper may make no progress. Default 120 s. */
  stallTimeoutMs?: number;
}

/**
 * Waits until all pages are locked and returns the status that proves it. The keeper goes on when
 * the wait is aborted.
 *
 * @throws {HostError} with the keeper's own code (`PIN_LIMIT`, `PIN_NOT_PERMITTED`, `PIN_MEMORY`, …) and
 *   advice, `PIN_KEEPER_DIED`, or `PIN_STALLED`; the signal's reason when it aborts.
 */
export async function awaitPinned(
  pin: Pin,
  options: AwaitPinnedOptions = {},
): Promise<PinStatus> {
  const { signal, clock = systemClock, stallTimeoutMs = DEFAULT_STALL_TIMEOUT_MS } = options;
  let seen: PinStatus | undefined;
  let progressedAt = clock.nowMs();
  while (true) {
    signal?.throwIfAborted();
    // Checked before the status is read: a keeper that writes its failure and ends between the two
    // must not look like one that died without a reason.
    const alive = isSameProcessRunning(pin);
    const status = readStatus(pin.statusPath);
    const own = status?.pid === pin.pid && status.startTimeTicks === pin.startTimeTicks;
    if (own && status.state === "failed") throw failureOf(status);
    if (!alive) throw await keeperDied(pin, clock);
    if (own && status.state === "locked") return status;
    if (own && status.updatedAt !== seen?.updatedAt) {
      if (status.lockedBytes !== seen?.lockedBytes) progressedAt = clock.nowMs();
      seen = status;
      options.onProgress?.(status);
    }
    if (clock.nowMs() - progressedAt > stallTimeoutMs) {
      throw new HostError("PIN_STALLED", {
        message:
          `pin ${pin.root}: expected progress within ${
            formatDurationMs(stallTimeoutMs)
          }, but the keeper ` +
          `(pid ${pin.pid}) stands at ${
            seen?.lockedBytes ?? 0
          } bytes; the disk may be stuck: see ` +
          `the kernel's log`,
      });
    }
    await sleep(clock, POLL_MS, signal);
  }
}

/**
 * Reads the keeper's status, and asks the kernel whether it runs and how much it has locked now; null when there is no readable
 * status file.
 */
export function pinStatus(statusPath: string): ObservedPin | null {
  const status = readStatus(statusPath);
  if (status === null) return null;
  const alive = isKeeperRunning(status, statusPath);
  return { ...status, vmLckBytes: alive ? lockedBytesNow(status.pid) : 0, alive };
}

/** What the kernel says of a keeper, whatever that has written. */
function lockedBytesNow(pid: number): number {
  try {
    return lockedMemoryBytes(pid);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

/**
 * Whether the process that a status names is a keeper of that status file. A status is a file and may be
 * forged: no other process is taken for a keeper, or ended.
 */
function isKeeperRunning(status: ProcessIdentity, statusPath: string): boolean {
  return isSameProcessRunning(status) &&
    startedWith(status.pid, { name: KEEPER_VARIABLE, value: resolve(statusPath) });
}

/**
 * Ends the keeper of a status file: SIGTERM, then SIGKILL after the grace; removes the file. Nothing happens if the keeper
 * has ended already; a process that is no keeper of that file is never signalled.
 *
 * @throws {HostError} `PIN_KEEPER_FAILED` when it survives SIGKILL for 10 s.
 */
export async function releasePin(
  statusPath: string,
  options: { graceMs?: number; clock?: Clock } = {},
): Promise<void> {
  const { graceMs = DEFAULT_RELEASE_GRACE_MS, clock = systemClock } = options;
  const status = readStatus(statusPath);
  if (status !== null && isKeeperRunning(status, statusPath)) {
    const ended = await endKeeper(status, { signal: "SIGTERM", timeoutMs: graceMs, clock }) ||
      await endKeeper(status, { signal: "SIGKILL", timeoutMs: KILL_TIMEOUT_MS, clock });
    if (!ended) {
      throw new HostError("PIN_KEEPER_FAILED", {
        message: `unpin ${status.root}: expected the keeper (pid ${status.pid}) to end within ` +
          `${
            formatDurationMs(KILL_TIMEOUT_MS)
          } of SIGKILL; it hangs in the kernel, see the kernel's log`,
      });
    }
  }
  rmSync(statusPath, { force: true });
}

async function endKeeper(
  keeper: ProcessIdentity,
  options: { signal: "SIGTERM" | "SIGKILL"; timeoutMs: number; clock: Clock },
): Promise<boolean> {
  const { signal, timeoutMs, clock } = options;
  const deadline = clock.nowMs() + timeoutMs;
  if (isSameProcessRunning(keeper)) signalProcess(keeper, signal);
  while (isSameProcessRunning(keeper)) {
    if (clock.nowMs() >= deadline) return false;
    await sleep(clock, POLL_MS);
  }
  return true;
}

function readStatus(path: string): PinStatus | null {
  const file = readJsonFile(path);
  if (file.state !== "present") return null;
  const parsed = statusSchema.safeParse(file.value);
  return parsed.success ? parsed.data : null;
}

function identifyFolder(root: string): string {
  const stat = statSync(root, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return `${stat.dev}:${stat.ino}`;
  throw new HostError("PIN_ROOT_MISSING", {
    message: `pin ${root}: expected a folder, found none; fetch the release first`,
  });
}

function failureOf(status: PinStatus): HostError {
  const { failure, root } = status;
  if (failure !== undefined) return new HostError(failure.code, failure);
  return new HostError("PIN_KEEPER_FAILED", { message: `pin ${root}: the keeper gave no reason` });
}

async function keeperDied(pin: Pin, clock: Clock): Promise<HostError> {
  const why = await whyPinEnded(pin, { clock });
  return new HostError("PIN_KEEPER_DIED", {
    message:
      `pin ${pin.root}: expected the keeper (pid ${pin.pid}) to run, but it has ended: ${why}; its ` +
      `pages are no longer locked. See its log beside ${pin.statusPath}, then pin again`,
  });
}

/**
 * Why a keeper has ended that was not told to; see {@linkcode describePinEnd}. It reads the status that the keeper has left, so it
 * has to be asked before another one is started.
 */
export async function whyPinEnded(
  { statusPath, exited }: Pick<Pin, "statusPath" | "exited">,
  { clock = systemClock }: { clock?: Clock } = {},
): Promise<string> {
  return await describePinEnd({ exited, began: readStatus(statusPath)?.oomKills }, clock);
}
