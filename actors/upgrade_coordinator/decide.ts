/**
 * From a reading of the tree to the next action: prepare, queue, ask for a slot, end a wave, tidy up. One action at a
 * time; after each the tree is read again.
 *
 * @module
 */

import {
  finishWave,
  joinStaging,
  leaveStaging,
  removeSlot,
  takeSlot,
} from "../../coordination/mod.ts";
import { decideAdmission, decideFinish, decideGoal } from "../../rollout/mod.ts";
import { giveUpPreparation, isReady } from "./prepare.ts";
import { isQueued, watchPredecessor } from "./staging_entry.ts";
import {
  healthPatch,
  lockedBytes,
  lookAfter,
  type Own,
  type Reading,
  type State,
  waitFor,
} from "./state.ts";
import { firstStep, type Switch, toSlot } from "./switch.ts";

/** The queue is empty: only an operator can change anything, and the deploy queue is watched. */
const IDLE_LOOK_MS = 10_000;

/** A wave is on its way and somebody else has to move; watches tell of it, this is the net below them. */
const WAITING_LOOK_MS = 5_000;

/** The host is next and waits for the quorum or the budget, which nobody tells it about. */
const NEXT_LOOK_MS = 500;

/** Holds back the next attempt to lock what runs. */
const REPIN_TIMER = "repin";

/** A limit that is too low stays so until somebody changes it; once a minute is often enough to notice. */
const REPIN_PAUSE_MS = 60_000;

/** Decides on what a reading has found. */
export function decide(state: State, reading: Reading, own: Own): State {
  const { options, context } = own;
  const { zookeeper, status } = state;
  lookAfter(reading.queue.length === 0 ? IDLE_LOOK_MS : WAITING_LOOK_MS, own);
  if (zookeeper === null || status === null || state.change !== null || state.isActing) {
    return state;
  }
  if (reading.service === null || !isRegistered(reading, own)) {
    // Not registered yet, or never to be: under a name that is another machine's nothing is this host's to change.
    const isNamesake = reading.view.current.has(options.host);
    options.registrar.tell({ type: "restore", service: options.service });
    lookAfter(isNamesake ? WAITING_LOOK_MS : NEXT_LOOK_MS, own);
    return state;
  }
  // A registrar that was restarted has forgotten all this; where it is the same nothing is written.
  const patch = { ...healthPatch(state), pinnedBytes: lockedBytes(state) };
  options.registrar.tell({ type: "update", service: options.service, patch });

  lockWhatRuns(state, own);
  const decision = decideGoal({
    host: options.host,
    service: reading.service.entry,
    offer: reading.offer,
    view: reading.view,
    waves: reading.waves,
    running: status.wanted,
    hasRejoined: state.hasRejoined,
  });
  state.hasRejoined = decision.hasRejoined;
  const { goal } = decision;
  switch (goal.kind) {
    case "return_slot":
      context.log.info("{service}: gives back a slot that it does not need", {
        service: options.service,
      });
      act(
        state,
        "give back the slot",
        () => removeSlot(zookeeper, options.service, options.host),
        own,
      );
      return state;
    case "start":
      if (!isReady(state, reading, { version: goal.version, own })) return state;
      context.log.info("{service}: starts {version}, {reason}", {
        service: options.service,
        version: goal.version,
        reason: goal.reason,
      });
      return startWithoutSlot(state, reading, { version: goal.version, own });
    case "catch_up":
      if (!isReady(state, reading, { version: goal.version, own })) return state;
      return askForSlot(state, reading, { version: goal.version, catchUp: true, own });
    case "roll":
      if (!isReady(state, reading, { version: goal.version, own })) return state;
      if (!isQueued(reading, goal.version, options.host)) {
        const entry = { host: options.host, version: goal.version };
        act(
          state,
          "join the staging queue",
          () => joinStaging(zookeeper, options.service, entry),
          own,
        );
        return state;
      }
      return askForSlot(state, reading, { version: goal.version, catchUp: false, own });
    case "stay":
      return stay(state, reading, { waitingFor: goal.waitingFor, own });
  }
}

/** Whether the entry under this host's name is this agent's. */
function isRegistered(reading: Reading, { options }: Own): boolean {
  return reading.view.current.get(options.host)?.agent === options.agent;
}

/** Makes one change of the tree; its outcome comes back as a message. */
function act(state: State, what: string, change: () => Promise<unknown>, { context }: Own): void {
  state.isActing = true;
  context.pipeToSelf(change, {
    ok: () => ({ type: "acted", what, error: null }),
    error: (error) => ({ type: "acted", what, error: error ?? new Error("unknown") }),
  });
}

function askForSlot(
  state: State,
  reading: Reading,
  want: { version: string; catchUp: boolean; own: Own },
): State {
  const { version, catchUp, own } = want;
  const { options, context } = own;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { host, service } = options;
  if (reading.view.current.get(host)?.state !== healthPatch(state).state) {
    // The tree does not say yet how the service is; on an old word that it is down the host would go past the budget.
    lookAfter(NEXT_LOOK_MS, own);
    return state;
  }
  const request = { host, service, version, catchUp, nowMs: context.clock.wallTimeMs() };
  const admission = decideAdmission(reading.view, request);
  if (!admission.admit) {
    waitFor(admission.waitingFor, own);
    const aheadCount = watchPredecessor(state, reading, { zookeeper, own });
    // Those before it keep their place while they switch, so that many may have their turn at once.
    const isNext = aheadCount < reading.view.policy.maxConcurrent;
    if (isNext && reading.view.wave?.service === service) lookAfter(NEXT_LOOK_MS, own);
    return state;
  }
  const change: Switch = {
    ...newSwitch(status.wanted, version, { reading, own }),
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

/** The release that `current` points at is what the host goes back to, should the version not come up. */
function startWithoutSlot(
  state: State,
  reading: Reading,
  { version, own }: { version: string; own: Own },
): State {
  const { options: { store }, context } = own;
  state.isActing = true;
  context.pipeToSelf(
    async () => {
      const current = await store.currentVersion();
      return current !== null && current !== version && (await store.isIntact(current)).intact
        ? current
        : null;
    },
    {
      ok: (from) => {
        const change: Switch = {
          ...newSwitch(from, version, { reading, own }),
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
  from: string | null,
  to: string,
  { reading, own }: { reading: Reading; own: Own },
): Switch {
  const { bakeMs, health } = reading.view.policy;
  return {
    from,
    to,
    step: firstStep(from),
    sinceMs: own.context.clock.wallTimeMs(),
    hasSlot: true,
    wave: null,
    reason: null,
    restarts: 0,
    trial: { bakeMs, health },
  };
}

/** Nothing to do for the host itself: ends the wave if it is over, and tidies up behind the last switch. */
function stay(
  state: State,
  reading: Reading,
  want: { waitingFor: string | null; own: Own },
): State {
  const { waitingFor, own } = want;
  const { options, context } = own;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { service, host } = options;
  const running = status.wanted;
  if (reading.stagingNodes.some((node) => node.host === host)) {
    act(state, "leave the staging queue", () => leaveStaging(zookeeper, service, host), own);
    return state;
  }
  // The rollout was aborted, or the fleet has settled on what runs here.
  giveUpPreparation(state, own);
  if (waitingFor === null) {
    options.registrar.tell({ type: "update", service, patch: { preparation: null } });
  }
  const { wave } = reading.view;
  if (wave?.service === service) {
    const finish = decideFinish(reading.view);
    if (finish.finished) {
      act(
        state,
        "end the wave",
        () => finishWave(zookeeper, reading, { service, nowMs: context.clock.wallTimeMs() }),
        own,
      );
      return state;
    }
    waitFor(waitingFor, own);
    return state;
  }
  const isUnwell = running !== null && !status.health.ok;
  waitFor(
    waitingFor ??
      (isUnwell && !status.health.ok ? `${running} is unwell: ${status.health.reason}` : null),
    own,
  );
  if (reading.waves.length === 0) unlockOthers(state, own);
  return state;
}

/** What runs is locked, should it not be: after a reboot, or when its keeper has died. */
function lockWhatRuns(state: State, { options, context }: Own): void {
  const running = state.status?.wanted ?? null;
  if (running === null || options.config.pin.mode === "off") return;
  if (state.locked.has(running) || context.timers.isActive(REPIN_TIMER)) return;
  options.pinner.tell({ type: "pin", version: running, progressTo: null, replyTo: null });
  context.timers.after(REPIN_TIMER, REPIN_PAUSE_MS, { type: "look_due" });
}

/** With no wave on its way, nothing but what runs stays locked. */
function unlockOthers(state: State, { options }: Own): void {
  const running = state.status?.wanted ?? null;
  if (running === null || state.preparing !== null) return;
  if (![...state.locked.keys()].some((version) => version !== running)) return;
  options.pinner.tell({ type: "keep", versions: [running] });
  // Should it be wanted once more, it has to be locked again.
  if (state.prepared !== running) state.prepared = null;
}
