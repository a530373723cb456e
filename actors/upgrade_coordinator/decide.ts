/**
 * Acts on a reading of the tree. What to do is decided by the pure functions of machine/; here it is carried out: one thing at
 * a time, and after each the tree is read again.
 *
 * @module
 */

import { finishWave, takeSlot } from "../../coordination/mod.ts";
import {
  areVotesNeeded,
  isDrained,
  isNewcomer,
  isQuorumMet,
  mayFinishNext,
} from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { act } from "./act.ts";
import { nameAway, withKnownAway } from "./away_hosts.ts";
import { countedBy } from "./counted_by.ts";
import { putBack, runDrainHook } from "./drain.ts";
import { lookAtFence } from "./fence.ts";
import { noteGate, passOn } from "./gate.ts";
import { lockWhatRuns, unlockOthers } from "./lock_releases.ts";
import {
  lookAsHead,
  lookAsNamesake,
  lookAtThaw,
  lookLater,
  lookOnceWritten,
  lookWhileWaiting,
} from "./look.ts";
import {
  decideNext,
  type HostNow,
  isEntryTrue,
  isRegistered,
  type Next,
  type Wanted,
} from "./machine/next.ts";
import { newStart, newSwitch, toSlot } from "./machine/switch.ts";
import { nameMissing, withKnownMissing } from "./missing_hosts.ts";
import { noteOwnRecord, tryAnew } from "./own_record.ts";
import { beginPreparation, giveUpPreparation, noteWanted } from "./preparation.ts";
import { endQuarantine, lookAfterQuarantine } from "./quarantine.ts";
import { recordFailure } from "./record_failure.ts";
import { resumeSwitch } from "./resume_switch.ts";
import { returnSlot } from "./return_slot.ts";
import { noteHalt, rollBackHalted } from "./roll_back.ts";
import { readTree } from "./read_tree.ts";
import {
  awaitTurn,
  goToEnd,
  joinQueue,
  leaveQueue,
  noteReady,
  placeNow,
  placeToLeave,
  wakeHead,
} from "./staging_queue.ts";
import {
  type Deps,
  healthPatch,
  hostNow,
  lockedBytes,
  type Reading,
  setWaitingFor,
  type State,
} from "./state.ts";
import { forgetTold } from "./trouble.ts";
import { storedRelease } from "./stored_release.ts";

/** How long the host's entry may not say what is true, ms. Its write takes milliseconds, and waits for others for less than one second. */
const UNTRUE_MS = 5_000;

/** What a decision is carried out with. */
interface Tools {
  readonly zookeeper: ZooKeeper;
  readonly now: HostNow;
  readonly deps: Deps;
}

/** Acts on a reading: goes on with what is under way, or begins what is next. */
export function decide(state: State, reading: Reading, deps: Deps): State {
  const { zookeeper, phase } = state;
  noteGate(state, reading, deps);
  const place = placeNow(state, reading, deps);
  const { policy } = reading.census;
  forgetTold(state, reading, deps);
  noteOwnRecord(state, reading, deps);
  noteHalt(state, reading, deps);
  const { roster } = reading.census;
  // What cannot be read says nothing.
  if (roster !== null) {
    state.isDrained = isDrained(roster);
    state.isNewcomer = isNewcomer(roster);
  }
  const now = hostNow(state, deps, { place: place === "not_read" ? null : place, policy });
  state.rosterCount = reading.census.rosterCount;
  state.mayFinishNext = mayFinishNext(reading.census);
  state.areVotesNeeded = areVotesNeeded({ ...reading, service: reading.service?.entry ?? null });
  state.isNext = false;
  lookLater(reading, deps);
  lookAfterQuarantine(reading, deps);
  if (zookeeper === null || now === null) return state;
  restoreEntry(state, reading, { now, deps });
  endQuarantine(reading, deps);
  if (place === "not_read") return readTree(state, deps);
  switch (phase.kind) {
    case "acting":
    case "switching":
    case "reporting":
      return state;
    case "draining":
      return lookAtFence(state, reading, { zookeeper, now, deps });
    case "interrupted":
      if (reading.service !== null && isRegistered(now, reading)) {
        resumeSwitch(state, reading, { zookeeper, change: phase.change, now, deps });
      }
      break;
    case "idle":
      break;
  }
  const { kind } = state.phase;
  return kind === "idle" || kind === "interrupted"
    ? beginNext(state, reading, { zookeeper, now, deps })
    : state;
}

/**
 * Has the host's entry written again that has not said what is true for a while: somebody else may have written it. The
 * registrar writes what has changed here, and so would never write it again, and nothing may be decided by it meanwhile.
 */
function restoreEntry(
  state: State,
  reading: Reading,
  { now, deps: { options, context } }: { readonly now: HostNow; readonly deps: Deps },
): void {
  if (!isRegistered(now, reading) || isEntryTrue(now, reading)) {
    state.untrueSinceMs = null;
    return;
  }
  const nowMs = context.clock.nowMs();
  state.untrueSinceMs ??= nowMs;
  if (nowMs - state.untrueSinceMs < UNTRUE_MS) return;
  state.untrueSinceMs = nowMs;
  options.registrar.tell({ type: "restore", service: options.service });
}

/** Decides what is next, and begins it. */
function beginNext(state: State, reading: Reading, tools: Tools): State {
  const { zookeeper, now, deps } = tools;
  const { options, context } = deps;
  const { service } = options;
  const known = withKnownMissing(state, withKnownAway(state, reading, deps), deps);
  const { next, hasRejoined } = decideNext(now, known);
  state.hasRejoined = hasRejoined;
  if (next.kind === "register") {
    options.registrar.tell({ type: "restore", service });
    if (next.isNamesake) lookAsNamesake(deps);
    else lookOnceWritten(deps);
    return state;
  }
  if (next.kind === "look_around") {
    state.areAllNeeded = true;
    return readTree(state, deps);
  }
  // A registrar that was restarted has forgotten this. It writes nothing if nothing has changed.
  const patch = { ...healthPatch(state), pinnedBytes: lockedBytes(state) };
  const counted = countedBy(now, reading, next);
  options.registrar.tell({ type: "update", service, patch, counted });
  lockWhatRuns(state, deps);
  if ("version" in next) noteWanted(state, next.version, deps);
  switch (next.kind) {
    case "await_entry":
      lookOnceWritten(deps);
      return state;
    case "drain":
    case "undrain":
      return runDrainHook(state, next, deps);
    case "put_back":
      putBack(deps);
      return state;
    case "prepare":
      beginPreparation(state, reading, { wanted: next, deps });
      // At the head of the queue it would hold everybody up who is ready.
      if (next.leavesQueue && state.place !== null) leaveQueue(state, tools);
      return state;
    case "record_failure": {
      const since = next.cause === "watch" ? state.trouble : state.attempt;
      const sinceMs = since?.sinceWallMs ?? context.clock.wallTimeMs();
      const replaced = reading.offer?.replaces?.version ?? null;
      const rollout = reading.census.control?.rollout;
      return recordFailure(state, next, { now, replaced, rollout, sinceMs, deps });
    }
    case "roll_back":
      return rollBackHalted(state, zookeeper, deps);
    case "start":
      context.log.info("{service}: starts {version}, {reason}", {
        service,
        version: next.version,
        reason: next.reason,
      });
      return startWithoutSlot(state, reading, { wanted: next, deps });
    case "join_queue":
      return joinQueue(state, next, deps);
    case "leave_queue":
      leaveQueue(state, tools);
      return state;
    case "take_slot":
      return askForSlot(state, reading, { ...tools, wanted: next });
    case "wait":
      return awaitOthers(state, reading, { ...tools, next });
    case "give_slot_back": {
      context.log.info("{service}: gives back a slot that it does not need", { service });
      tryAnew(state, reading, { slot: next.slot, deps });
      returnSlot(state, reading, { slot: next.slot, deps });
      return state;
    }
    case "end_wave": {
      settle(state, next.waitingFor, deps);
      const finish = { service, nowMs: context.clock.wallTimeMs() };
      const change = () => finishWave(zookeeper, reading, finish);
      act(state, { what: "end the wave", change }, deps);
      return state;
    }
    case "open_gate":
      return passOn(state, reading, { ...tools, next });
    case "halt":
      return passOn(state, reading, { ...tools, next });
    case "rest":
      return rest(state, reading, { ...tools, next });
  }
}

/** Takes a slot for a new switch. */
function askForSlot(
  state: State,
  reading: Reading,
  { zookeeper, now, wanted, deps }: Tools & {
    readonly wanted: Extract<Next, { kind: "take_slot" }>;
  },
): State {
  const { wave, opening } = wanted;
  const { service } = deps.options;
  const change = newSwitch(now.running, wanted, {
    policy: reading.census.policy,
    sinceMs: deps.context.clock.wallTimeMs(),
    wave,
    rollout: reading.census.control?.rollout,
  });
  const { census } = reading;
  const place = placeToLeave(state, reading);
  const request = { service, slot: toSlot(change, deps.options), census, wave, opening, place };
  act(state, {
    what: "take a slot",
    change: () => takeSlot(zookeeper, request),
    onDone: (isTaken) => ({
      type: "slot_answer",
      change,
      isTaken,
      leavesQueue: place !== null,
    }),
  }, deps);
  return state;
}

/** Shows what the host waits for, and sees to it that it is woken. */
function awaitOthers(
  state: State,
  reading: Reading,
  { zookeeper, now, next, deps }: Tools & { readonly next: Extract<Next, { kind: "wait" }> },
): State {
  const unwell = describeUnwell(state, now);
  setWaitingFor(unwell === null ? next.waitingFor : `${next.waitingFor}; ${unwell}`, deps);
  if (next.yields) return goToEnd(state, { zookeeper, deps });
  if (!next.isQueued) lookWhileWaiting(reading, deps);
  else if (wakeHead(state, reading, { zookeeper, deps })) return state;
  else state.isNext = awaitTurn(state, reading, { zookeeper, deps });
  if (next.againMs !== undefined) lookAtThaw(next.againMs, { ...deps, state });
  else if (state.isNext) lookAsHead(deps);
  if (!next.isForUnnamed || next.isQueued && !state.isNext) return state;
  if (next.isQueued && !isQuorumMet(reading.census)) nameMissing(reading, zookeeper, deps);
  else nameAway(reading, { zookeeper, area: next.area?.key ?? null }, deps);
  return state;
}

/** Starts a version while nothing is running. If it does not come up, the host goes back to the release of `current`. */
function startWithoutSlot(
  state: State,
  reading: Reading,
  { wanted, deps }: { readonly wanted: Wanted; readonly deps: Deps },
): State {
  const { options: { store, host }, context } = deps;
  const { policy } = reading.census;
  // The one that a switch has left as the current one, when it failed here or its rollout was aborted, is no way back.
  const unfit = [
    wanted.version,
    reading.census.slots.get(host)?.slot.to,
    ...reading.service?.entry.withdrawn ?? [],
  ];
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf(
    async () => {
      const current = await store.currentVersion();
      if (current === null || unfit.includes(current)) return null;
      return (await store.isIntact(current)).intact ? current : null;
    },
    {
      ok: (from) => {
        const sinceMs = context.clock.wallTimeMs();
        const before = from === null ? null : storedRelease(store, from);
        const change = newStart(before, wanted, { policy, sinceMs });
        return { type: "slot_answer", change, isTaken: true, leavesQueue: false };
      },
      error: (error) => ({
        type: "acted",
        what: "look for the last release",
        error: error ?? new Error("unknown"),
      }),
    },
  );
  return state;
}

/** The host has nothing to do: it says so, and tidies up after its last switch. */
function rest(
  state: State,
  reading: Reading,
  { zookeeper, now, next, deps }: Tools & { readonly next: Extract<Next, { kind: "rest" }> },
): State {
  settle(state, next.waitingFor, deps);
  if (wakeHead(state, reading, { zookeeper, deps })) return state;
  noteReady(state, reading, { now, deps });
  // Whether the wave is over may depend on this host's own entry, which is being written.
  if (next.isFirstWave && !isEntryTrue(now, reading)) lookOnceWritten(deps);
  const { isLeftOut, failed } = state.drain;
  const hookProblem = isLeftOut ? failed?.problem ?? null : null;
  setWaitingFor(next.waitingFor ?? describeUnwell(state, now) ?? hookProblem, deps);
  if (next.isFleetIdle) unlockOthers(state, deps);
  return state;
}

/** Why the service is down that runs, or should; `null` if it is well. */
function describeUnwell({ status }: State, { running }: HostNow): string | null {
  if (running === null || status === null || status.health.ok) return null;
  return `${running.version} is unwell: ${status.health.reason}`;
}

/** The rollout was aborted, or the fleet has settled on what runs here: what was being prepared is not wanted any more. */
function settle(state: State, waitingFor: string | null, deps: Deps): void {
  giveUpPreparation(state, deps);
  if (waitingFor !== null) return;
  const { service, registrar } = deps.options;
  registrar.tell({ type: "update", service, patch: { preparation: null } });
}
