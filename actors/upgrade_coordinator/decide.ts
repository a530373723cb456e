/**
 * Decides on the next action after a reading of the tree: prepare, join the queue, ask for a slot, end a wave, tidy up. One
 * action at a time; after each the tree is read again.
 *
 * @module
 */

import {
  finishWave,
  giveSlotBack,
  joinStaging,
  leaveStaging,
  takeSlot,
} from "../../coordination/mod.ts";
import {
  decideAdmission,
  decideFinish,
  decideGoal,
  isOfSameAgent,
  isQuorumMet,
  type ReleaseIdentity,
} from "../../rollout/mod.ts";
import { act } from "./act.ts";
import { lookAtFence } from "./fence.ts";
import { beginLock } from "./lock_releases.ts";
import {
  lookAsHead,
  lookAsNamesake,
  lookLater,
  lookOnceWritten,
  lookWhileWaiting,
} from "./look.ts";
import { ensurePrepared, giveUpPreparation } from "./preparation.ts";
import { resumeSwitch } from "./resume_switch.ts";
import { awaitTurn, isQueued, wakeHead } from "./staging_queue.ts";
import {
  type Deps,
  healthPatch,
  lockedBytes,
  type Reading,
  setWaitingFor,
  type State,
  unstartedVersion,
} from "./state.ts";
import { storedRelease } from "./stored_release.ts";
import { firstStep, type Switch, toSlot } from "./switch.ts";

/** The release that the host is to have. */
type Wanted = ReleaseIdentity & { readonly version: string };

/** Key of the timer that delays the next attempt to lock the running version. */
const REPIN_TIMER = "repin";

/** Time between two attempts. A limit that is too low stays too low until somebody changes it. */
const REPIN_PAUSE_MS = 60_000;

/** Decides on the next action after a reading, and begins it. */
export function decide(state: State, reading: Reading, deps: Deps): State {
  const { options, context } = deps;
  const { zookeeper, status } = state;
  state.rosterCount = reading.view.roster.length;
  state.isNext = false;
  lookLater(reading, deps);
  if (zookeeper === null || status === null || state.isActing) return state;
  const { change } = state;
  if (change !== null) {
    return change.step === "draining" && change.hasSlot
      ? lookAtFence(state, reading, { change, deps })
      : state;
  }
  if (reading.service === null || !isRegistered(reading, deps)) {
    // This host is not registered yet, or its name belongs to another machine: it must not change anything.
    const isNamesake = reading.view.current.has(options.host);
    options.registrar.tell({ type: "restore", service: options.service });
    if (isNamesake) lookAsNamesake(deps);
    else lookOnceWritten(deps);
    return state;
  }
  if (resumeSwitch(state, reading, deps)) return state;
  // A registrar that was restarted has forgotten this. It writes nothing if nothing has changed.
  const patch = { ...healthPatch(state), pinnedBytes: lockedBytes(state) };
  options.registrar.tell({ type: "update", service: options.service, patch });

  lockWhatRuns(state, deps);
  const decision = decideGoal({
    host: options.host,
    service: reading.service.entry,
    offer: reading.offer,
    view: reading.view,
    waves: reading.waves,
    running: state.running,
    isServing: healthPatch(state).state === "serving",
    hasRejoined: state.hasRejoined,
    unstarted: unstartedVersion(state, deps),
  });
  state.hasRejoined = decision.hasRejoined;
  const { goal } = decision;
  switch (goal.kind) {
    case "return_slot":
      context.log.info("{service}: gives back a slot that it does not need", {
        service: options.service,
      });
      return returnSlot(state, reading, deps);
    case "start":
      if (!ensurePrepared(state, reading, { ...goal, deps })) return state;
      context.log.info("{service}: starts {version}, {reason}", {
        service: options.service,
        version: goal.version,
        reason: goal.reason,
      });
      return startWithoutSlot(state, reading, { ...goal, deps });
    case "catch_up":
      if (!ensurePrepared(state, reading, { ...goal, deps })) return state;
      return askForSlot(state, reading, { ...goal, catchUp: true, deps });
    case "roll":
      if (!ensurePrepared(state, reading, { ...goal, deps })) {
        // At the head of the queue it would hold everybody up who is ready.
        leaveQueue(state, reading, deps);
        return state;
      }
      if (!isQueued(reading, goal, options.host)) {
        const { wave } = reading.view;
        state.joinedBelowQuorum = wave !== null && !isQuorumMet(reading.view, wave);
        const { version, infoHash } = goal;
        const entry = { host: options.host, version, infoHash };
        act(
          state,
          "join the staging queue",
          () => joinStaging(zookeeper, options.service, entry),
          deps,
        );
        return state;
      }
      return askForSlot(state, reading, { ...goal, catchUp: false, deps });
    case "stay":
      return stay(state, reading, { waitingFor: goal.waitingFor, deps });
  }
}

/** Whether the entry under this host's name is this agent's. */
function isRegistered(reading: Reading, { options }: Deps): boolean {
  const entry = reading.view.current.get(options.host);
  return entry !== undefined && isOfSameAgent(entry, options);
}

/** Gives back a slot that stands in the host's name. */
function returnSlot(state: State, reading: Reading, deps: Deps): State {
  const { options: { service, host } } = deps;
  const { zookeeper } = state;
  const slot = reading.view.slots.get(host);
  if (zookeeper === null || slot === undefined) return state;
  act(
    state,
    "give back the slot",
    () => giveSlotBack(zookeeper, service, { slot, view: reading.view }),
    deps,
  );
  return state;
}

/** Takes the host out of the staging queue. @returns Whether it was in it. */
function leaveQueue(state: State, reading: Reading, deps: Deps): boolean {
  const { options: { service, host } } = deps;
  const { zookeeper } = state;
  if (zookeeper === null || !reading.stagingNodes.some((node) => node.host === host)) return false;
  act(state, "leave the staging queue", () => leaveStaging(zookeeper, service, host), deps);
  return true;
}

function askForSlot(
  state: State,
  reading: Reading,
  want: Wanted & { catchUp: boolean; deps: Deps },
): State {
  const { version, infoHash, catchUp, deps } = want;
  const { options, context } = deps;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { host, service } = options;
  if (reading.view.current.get(host)?.state !== healthPatch(state).state) {
    // The entry in the tree is not up to date. By an old entry that says down, the host would be admitted past the budget.
    lookOnceWritten(deps);
    return state;
  }
  const request = { host, service, version, infoHash, catchUp };
  const admission = decideAdmission(reading.view, request);
  if (!admission.admit) {
    setWaitingFor(admission.waitingFor, deps);
    if (catchUp) lookWhileWaiting(reading, deps);
    if (catchUp || wakeHead(state, reading, { zookeeper, deps })) return state;
    state.isNext = awaitTurn(state, reading, { zookeeper, deps });
    if (state.isNext) lookAsHead(deps);
    return state;
  }
  const change: Switch = {
    ...newSwitch(state.running, want, { reading, deps }),
    wave: admission.wave?.node ?? null,
  };
  state.isActing = true;
  context.pipeToSelf(
    () =>
      takeSlot(zookeeper, {
        service,
        slot: toSlot(change, host),
        view: reading.view,
        wave: admission.wave,
      }),
    {
      ok: (isTaken) => ({ type: "slot_answer", change, isTaken }),
      error: (error) => ({
        type: "acted",
        what: "take a slot",
        error: error ?? new Error("unknown"),
      }),
    },
  );
  return state;
}

/** Starts a version while nothing is running. If it does not come up, the host goes back to the release of `current`. */
function startWithoutSlot(
  state: State,
  reading: Reading,
  want: Wanted & { deps: Deps },
): State {
  const { version, deps } = want;
  const { options: { store, host }, context } = deps;
  // The one that a switch has left as the current one, when it failed here or its rollout was aborted, is no way back.
  const unfit = [
    version,
    reading.view.slots.get(host)?.to,
    ...reading.service?.entry.withdrawn ?? [],
  ];
  state.isActing = true;
  context.pipeToSelf(
    async () => {
      const current = await store.currentVersion();
      if (current === null || unfit.includes(current)) return null;
      return (await store.isIntact(current)).intact ? current : null;
    },
    {
      ok: (from) => {
        const change: Switch = {
          ...newSwitch(from === null ? null : storedRelease(store, from), want, { reading, deps }),
          step: "pointing",
          hasSlot: false,
        };
        return { type: "slot_answer", change, isTaken: true };
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

function newSwitch(
  from: ReleaseIdentity | null,
  to: Wanted,
  { reading, deps }: { reading: Reading; deps: Deps },
): Switch {
  const { bakeMs, health } = reading.view.policy;
  return {
    from: from?.version ?? null,
    fromHash: from?.infoHash,
    to: to.version,
    infoHash: to.infoHash,
    step: firstStep(from?.version ?? null),
    sinceMs: deps.context.clock.wallTimeMs(),
    hasSlot: true,
    wave: null,
    reason: null,
    restarts: 0,
    trial: { bakeMs, health },
  };
}

/** The host itself has nothing to do: it ends the wave if that is over, and tidies up after its last switch. */
function stay(
  state: State,
  reading: Reading,
  want: { waitingFor: string | null; deps: Deps },
): State {
  const { waitingFor, deps } = want;
  const { options, context } = deps;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { service } = options;
  const running = status.wanted;
  if (leaveQueue(state, reading, deps)) return state;
  // The rollout was aborted, or the fleet has settled on what runs here.
  giveUpPreparation(state, deps);
  if (waitingFor === null) {
    options.registrar.tell({ type: "update", service, patch: { preparation: null } });
  }
  const { wave } = reading.view;
  if (wave?.service === service) {
    // Whether the wave is over may depend on this host's own entry, which is being written.
    if (reading.view.current.get(options.host)?.state !== healthPatch(state).state) {
      lookOnceWritten(deps);
    }
    const finish = decideFinish(reading.view);
    if (finish.finished) {
      act(
        state,
        "end the wave",
        () => finishWave(zookeeper, reading, { service, nowMs: context.clock.wallTimeMs() }),
        deps,
      );
      return state;
    }
    setWaitingFor(waitingFor, deps);
    return state;
  }
  const isUnwell = running !== null && !status.health.ok;
  setWaitingFor(
    waitingFor ??
      (isUnwell && !status.health.ok ? `${running} is unwell: ${status.health.reason}` : null),
    deps,
  );
  if (reading.waves.length === 0) unlockOthers(state, deps);
  return state;
}

/** Locks the running version if it is not locked: after a reboot, or when its keeper has died. */
function lockWhatRuns(state: State, { options, context }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || options.config.pin.mode === "off") return;
  if (state.locked.has(running) || context.timers.isActive(REPIN_TIMER)) return;
  beginLock(running, options);
  context.timers.after(REPIN_TIMER, REPIN_PAUSE_MS, { type: "read_due" });
}

/** Unlocks all versions but the running one, while no wave is in the queue. */
function unlockOthers(state: State, { options }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || state.preparing !== null) return;
  if (![...state.locked.keys()].some((version) => version !== running)) return;
  options.pinner.tell({ type: "keep", versions: [running] });
  // If the prepared version is wanted again, it must be locked again.
  if (state.prepared?.version !== running) state.prepared = null;
}
