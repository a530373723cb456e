/**
 * Locks the releases of a switch in memory before the service is stopped, and again before the new version is started
 * (invariant I10). In most switches both are locked since the preparation, and this only finds that out; after a power cut
 * neither is. Outside of switches the running version is locked, and no other one.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { PinnerMessage, PinOutcome } from "../pinner/messages.ts";
import { type ActorRef, ask, type Clock, sleep } from "../runtime/mod.ts";
import { expectPinned } from "./prepare.ts";
import type { Deps, State } from "./state.ts";

/** Key of the timer that delays the next attempt to lock the running version. */
const REPIN_TIMER = "repin";

/** Time between two attempts. A limit that is too low stays too low until somebody changes it. */
const REPIN_PAUSE_MS = 60_000;

/** What {@link lockReleases} works with. */
export interface LockTools {
  readonly config: Pick<ServiceConfig, "pin">;
  readonly pinner: ActorRef<PinnerMessage>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long each attempt may take: 200 GiB from a disk that reads 120 MB/s. The service may be down meanwhile. */
const LOCK_TIMEOUT_MS = 30 * 60_000;

/** Most attempts: a keeper that somebody has killed is started again, what is not permitted stays so. */
const ATTEMPTS_MAX = 3;

/** Time between two attempts. */
const ATTEMPT_PAUSE_MS = 1_000;

/**
 * Locks the version that is about to be started, and the one before it, which the way back needs. Where locking is required,
 * it waits for both. Only the new version has to be locked then: the old one serves unlocked as well, and the pinner tells
 * why it could not be locked. Where locking is only preferred, nothing waits for it.
 *
 * @throws {PreparationError} when the new version has to be locked and is not; and the signal's reason.
 */
export async function lockReleases(
  { from, to, hasSlot }: {
    readonly from: string | null;
    readonly to: string;
    readonly hasSlot: boolean;
  },
  tools: LockTools,
): Promise<void> {
  const { config: { pin: { mode } } } = tools;
  // What is started without a slot takes nobody's place, so there is none whose place it has to keep.
  const before = hasSlot && from !== to ? from : null;
  if (mode !== "required") {
    for (const version of [before, to]) if (version !== null) beginLock(version, tools);
    return;
  }
  const [outcome] = await Promise.all([
    lock(to, tools),
    before === null ? null : lock(before, tools),
  ]);
  expectPinned(outcome, to);
}

/** Has a version locked, and does not wait for it: nothing may keep the way back from the old version. */
export function beginLock(
  version: string,
  { config, pinner }: Pick<LockTools, "config" | "pinner">,
): void {
  if (config.pin.mode === "off") return;
  pinner.tell({ type: "pin", version, progressTo: null, replyTo: null });
}

async function lock(version: string, tools: LockTools): Promise<PinOutcome> {
  const { pinner, clock, signal } = tools;
  for (let attempt = 1;; attempt++) {
    try {
      const outcome = await ask<PinnerMessage, PinOutcome>(
        pinner,
        (replyTo) => ({ type: "pin", version, progressTo: null, replyTo }),
        { timeoutMs: LOCK_TIMEOUT_MS, clock, signal },
      );
      if (outcome.ok || attempt === ATTEMPTS_MAX) return outcome;
    } catch (error) {
      signal.throwIfAborted();
      // It is not done in time, or the pinner has ended.
      const reason = reasonOf(error);
      return { ok: false, required: true, reason, advice: null };
    }
    await sleep(clock, ATTEMPT_PAUSE_MS, { signal });
  }
}

/** Locks the running version if it is not locked: after a reboot, or when its keeper has died. */
export function lockWhatRuns(state: State, { options, context }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || options.config.pin.mode === "off") return;
  if (state.locked.has(running) || context.timers.isActive(REPIN_TIMER)) return;
  beginLock(running, options);
  context.timers.after(REPIN_TIMER, REPIN_PAUSE_MS, { type: "read_due" });
}

/** Unlocks all versions but the running one, while no wave is in the queue. */
export function unlockOthers(state: State, { options }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || state.preparing !== null) return;
  if (![...state.locked.keys()].some((version) => version !== running)) return;
  options.pinner.tell({ type: "keep", versions: [running] });
  // If the prepared version is wanted again, it must be locked again.
  if (state.prepared?.version !== running) state.prepared = null;
}
