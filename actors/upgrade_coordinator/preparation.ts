/**
 * Keeps track of the preparation of the wanted version, one at a time. What a preparation does is in prepare.ts.
 *
 * @module
 */

import { infoHashOf } from "../../host/mod.ts";
import {
  describeOtherContent,
  isOtherContent,
  isSameRelease,
  type Release,
} from "../../rollout/mod.ts";
import { type Attempt, beginAttempt, overdueMs } from "./machine/attempt.ts";
import { prepare } from "./prepare.ts";
import type { Wanted } from "./machine/next.ts";
import {
  type Deps,
  endHoldBack,
  isHeldBack,
  type Reading,
  setWaitingFor,
  showHeldBack,
  type State,
} from "./state.ts";

/** Notes which version is wanted. If it is another one than the one that has failed, nothing is held back any more. */
export function noteWanted(state: State, version: string, deps: Deps): void {
  if (state.lastFailed !== null && state.lastFailed !== version) endHoldBack(state, deps);
}

/** Begins the preparation of a release, unless it is under way, or held back for a while after a failure. */
export function beginPreparation(
  state: State,
  reading: Reading,
  { wanted, deps }: { readonly wanted: Wanted; readonly deps: Deps },
): void {
  const { version } = wanted;
  const { options, context } = deps;
  const isUnderWay = state.preparing !== null && isSameRelease(state.preparing, wanted);
  // Nobody tries what is held back after a switch has failed, so it is not late either.
  const isHeld = isHeldBack(state, version, deps);
  if (!isHeld || state.attempt !== null) awaitProgress(state, reading, { wanted, deps });
  if (isUnderWay) return;
  if (isHeld) return showHeldBack(state, state.heldBackFor, deps);
  const release = findRelease(reading, wanted, deps);
  if (release === null) {
    setWaitingFor(
      `the release ${version} is neither on offer, nor committed, nor on this host's disk`,
      deps,
    );
    return;
  }
  if (isOtherContent(release, wanted)) {
    setWaitingFor(
      describeOtherContent({ known: release, place: "on this host's disk", wanted }),
      deps,
    );
    return;
  }
  state.preparing = release;
  setWaitingFor(null, deps);
  const tools = {
    fetcher: options.fetcher,
    pinner: options.pinner,
    progressTo: context.self,
    clock: context.clock,
    isRunning: state.status?.wanted === version,
    async dropFromPageCache(fetched: string) {
      try {
        await options.store.dropFromPageCache(fetched);
      } catch (error) {
        context.log.warn("{version}: not dropped from the page cache: {error}", {
          version: fetched,
          error,
        });
      }
    },
  };
  context.pipeToSelf((signal) => prepare(release, { ...tools, signal }), {
    ok: (received) => ({ type: "prepared", release, received }),
    error: (error) => ({ type: "not_prepared", release, error }),
  }, { key: "prepare" });
}

/** Key of the timer that looks whether the preparation is late. */
const OVERDUE_TIMER = "overdue";

/** Begins to measure how long the release takes to be ready, and sees to it that the tree is read when it is late. */
function awaitProgress(
  state: State,
  { census: { policy } }: Reading,
  { wanted, deps: { context } }: { readonly wanted: Wanted; readonly deps: Deps },
): void {
  const { clock, timers } = context;
  const nowMs = clock.nowMs();
  const before = state.attempt;
  const attempt = takeAttempt(state, wanted, { nowMs, wallMs: clock.wallTimeMs() });
  const leftMs = overdueMs(attempt, policy.preparation) - nowMs;
  const isBegun = attempt !== before;
  if (leftMs > 0 || isBegun) timers.after(OVERDUE_TIMER, Math.max(0, leftMs), { type: "read_due" });
}

/**
 * The attempts to get the release ready, which may have begun before those for another one: a host on which nothing comes up tries
 * what it should run and what its wave brings in turn. With each turn the time would begin anew, and neither would ever have failed.
 */
export function takeAttempt(
  state: State,
  wanted: Wanted,
  now: { readonly nowMs: number; readonly wallMs: number },
): Attempt {
  const { attempt, attemptBefore } = state;
  if (attempt !== null && isSameRelease(attempt.release, wanted)) return attempt;
  const isBack = attemptBefore !== null && isSameRelease(attemptBefore.release, wanted);
  const { version, infoHash } = wanted;
  const taken = isBack ? attemptBefore : beginAttempt({ version, infoHash }, now);
  state.attempt = taken;
  if (attempt !== null) state.attemptBefore = attempt;
  else if (isBack) state.attemptBefore = null;
  return taken;
}

/** What is on the disk under the version may be of other content than what is wanted. */
function findRelease(
  { offer, service }: Reading,
  wanted: Wanted,
  { options }: Deps,
): Release | null {
  const { version } = wanted;
  const committed = service?.entry.committed ?? null;
  if (offer !== null && isSameRelease(offer, wanted)) return offer;
  if (committed !== null && isSameRelease(committed, wanted)) return committed;
  const receipt = options.store.readReceipt(version);
  if (receipt === null) return null;
  const sizeBytes = receipt.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    service: options.service,
    version,
    infoHash: infoHashOf(receipt),
    sizeBytes,
    torrentUrl: null,
  };
}

/** Cancels the preparation that is under way, because its version is not wanted any more. */
export function giveUpPreparation(state: State, { options, context }: Deps): void {
  state.attempt = null;
  state.attemptBefore = null;
  if (state.preparing === null) return;
  context.cancelTask("prepare");
  options.fetcher.tell({ type: "cancel" });
  state.preparing = null;
}
