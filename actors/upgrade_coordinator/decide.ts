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
import { ensurePrepared, giveUpPreparation } from "./preparation.ts";
import { isQueued, watchPredecessor } from "./staging_queue.ts";
import {
  type Deps,
  healthPatch,
  lockedBytes,
  readAfter,
  type Reading,
  setWaitingFor,
  type State,
} from "./state.ts";
import { firstStep, type Switch, toSlot } from "./switch.ts";

/** The queue is empty: only an operator can change anything, and the deploy queue is watched. */
const IDLE_READ_MS = 10_000;

/** A wave is on its way and somebody else has to move; watches tell of it, this is the net below them. */
const WAITING_READ_MS = 5_000;

/** The host is next and waits for the quorum or the budget, which nobody tells it about. */
const NEXT_READ_MS = 500;

/** Holds back the next attempt to lock what runs. */
const REPIN_TIMER = "repin";

/** A limit that is too low stays so until somebody changes it; once a minute is often enough to notice. */
const REPIN_PAUSE_MS = 60_000;

/** Decides on what a reading has found. */
export function decide(state: State, reading: Reading, deps: Deps): State {
  const { options, context } = deps;
  const { zookeeper, status } = state;
  readAfter(reading.queue.length === 0 ? IDLE_READ_MS : WAITING_READ_MS, deps);
  if (zookeeper === null || status === null || state.change !== null || state.isActing) {
    return state;
  }
  if (reading.service === null || !isRegistered(reading, deps)) {
    // Not registered yet, or never to be: under a name that is another machine's nothing is this host's to change.
    const isNamesake = reading.view.current.has(options.host);
    readAfter(isNamesake ? WAITING_READ_MS : NEXT_READ_MS, deps);
    return state;
  }
  // A registrar that was restarted has forgotten all this; where it is the same nothing is written.
  const patch = { ...healthPatch(state), pinnedBytes: lockedBytes(state) };
  options.registrar.tell({ type: "update", service: options.service, patch });

  lockWhatRuns(state, deps);
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
        deps,
      );
      return state;
    case "start":
      if (!ensurePrepared(state, reading, { version: goal.version, deps })) return state;
      context.log.info("{service}: starts {version}, {reason}", {
        service: options.service,
        version: goal.version,
        reason: goal.reason,
      });
      return startWithoutSlot(state, reading, { version: goal.version, deps });
    case "catch_up":
      if (!ensurePrepared(state, reading, { version: goal.version, deps })) return state;
      return askForSlot(state, reading, { version: goal.version, catchUp: true, deps });
    case "roll":
      if (!ensurePrepared(state, reading, { version: goal.version, deps })) return state;
      if (!isQueued(reading, goal.version, options.host)) {
        const entry = { host: options.host, version: goal.version };
        act(
          state,
          "join the staging queue",
          () => joinStaging(zookeeper, options.service, entry),
          deps,
        );
        return state;
      }
      return askForSlot(state, reading, { version: goal.version, catchUp: false, deps });
    case "stay":
      return stay(state, reading, { waitingFor: goal.waitingFor, deps });
  }
}

/** Whether the entry under this host's name is this agent's. */
function isRegistered(reading: Reading, { options }: Deps): boolean {
  return reading.view.current.get(options.host)?.agent === options.agent;
}

/** Makes one change of the tree; its outcome comes back as a message. */
function act(state: State, what: string, change: () => Promise<unknown>, { context }: Deps): void {
  state.isActing = true;
  context.pipeToSelf(change, {
    ok: () => ({ type: "acted", what, error: null }),
    error: (error) => ({ type: "acted", what, error: error ?? new Error("unknown") }),
  });
}

function askForSlot(
  state: State,
  reading: Reading,
  want: { version: string; catchUp: boolean; deps: Deps },
): State {
  const { version, catchUp, deps } = want;
  const { options, context } = deps;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { host, service } = options;
  if (reading.view.current.get(host)?.state !== healthPatch(state).state) {
    // The tree does not say yet how the service is; on an old word that it is down the host would go past the budget.
    readAfter(NEXT_READ_MS, deps);
    return state;
  }
  const request = { host, service, version, catchUp, nowMs: context.clock.wallTimeMs() };
  const admission = decideAdmission(reading.view, request);
  if (!admission.admit) {
    setWaitingFor(admission.waitingFor, deps);
    const aheadCount = watchPredecessor(state, reading, { zookeeper, deps });
    // Those before it keep their place while they switch, so that many may have their turn at once.
    const isNext = aheadCount < reading.view.policy.maxConcurrent;
    if (isNext && reading.view.wave?.service === service) readAfter(NEXT_READ_MS, deps);
    return state;
  }
  const change: Switch = {
    ...newSwitch(status.wanted, version, { reading, deps }),
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
  { version, deps }: { version: string; deps: Deps },
): State {
  const { options: { store }, context } = deps;
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
          ...newSwitch(from, version, { reading, deps }),
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
  { reading, deps }: { reading: Reading; deps: Deps },
): Switch {
  const { bakeMs, health } = reading.view.policy;
  return {
    from,
    to,
    step: firstStep(from),
    sinceMs: deps.context.clock.wallTimeMs(),
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
  want: { waitingFor: string | null; deps: Deps },
): State {
  const { waitingFor, deps } = want;
  const { options, context } = deps;
  const { zookeeper, status } = state;
  if (zookeeper === null || status === null) return state;
  const { service, host } = options;
  const running = status.wanted;
  if (reading.stagingNodes.some((node) => node.host === host)) {
    act(state, "leave the staging queue", () => leaveStaging(zookeeper, service, host), deps);
    return state;
  }
  // The rollout was aborted, or the fleet has settled on what runs here.
  giveUpPreparation(state, deps);
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

/** What runs is locked, should it not be: after a reboot, or when its keeper has died. */
function lockWhatRuns(state: State, { options, context }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || options.config.pin.mode === "off") return;
  if (state.locked.has(running) || context.timers.isActive(REPIN_TIMER)) return;
  options.pinner.tell({ type: "pin", version: running, progressTo: null, replyTo: null });
  context.timers.after(REPIN_TIMER, REPIN_PAUSE_MS, { type: "read_due" });
}

/** With no wave on its way, nothing but what runs stays locked. */
function unlockOthers(state: State, { options }: Deps): void {
  const running = state.status?.wanted ?? null;
  if (running === null || state.preparing !== null) return;
  if (![...state.locked.keys()].some((version) => version !== running)) return;
  options.pinner.tell({ type: "keep", versions: [running] });
  // Should it be wanted once more, it has to be locked again.
  if (state.prepared !== running) state.prepared = null;
}
