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
import {
  decideAdmission,
  decideFinish,
  decideGoal,
  type Release,
  stagingPath,
} from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { prepare } from "./preparation.ts";
import {
  healthPatch,
  lookAfter,
  type Own,
  type Reading,
  RETRY_TIMER,
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
  state.policy = reading.view.policy;
  lookAfter(reading.queue.length === 0 ? IDLE_LOOK_MS : WAITING_LOOK_MS, own);
  if (zookeeper === null || status === null || state.change !== null || state.isActing) {
    return state;
  }
  if (reading.service === null) return state;

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
      return startWithoutSlot(state, goal.version, own);
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

/** Makes one change of the tree; its outcome comes back as a message. */
function act(state: State, what: string, change: () => Promise<unknown>, { context }: Own): void {
  state.isActing = true;
  context.pipeToSelf(change, {
    ok: () => ({ type: "acted", what, error: null }),
    error: (error) => ({ type: "acted", what, error: error ?? new Error("unknown") }),
  });
}

/** Whether the version is prepared; if not, its preparation is under way after this. */
function isReady(state: State, reading: Reading, want: { version: string; own: Own }): boolean {
  const { version, own } = want;
  const { options, context } = own;
  if (state.prepared === version) return !context.timers.isActive(RETRY_TIMER);
  if (state.preparing === version || context.timers.isActive(RETRY_TIMER)) return false;
  const release = findRelease(reading, version, own);
  if (release === null) {
    waitFor(
      `the release ${version} is neither on offer, nor committed, nor on this host's disk`,
      own,
    );
    return false;
  }
  state.preparing = version;
  waitFor(null, own);
  const tools = {
    fetcher: options.fetcher,
    pinner: options.pinner,
    progressTo: context.self,
    clock: context.clock,
  };
  context.pipeToSelf((signal) => prepare(release, { ...tools, signal }), {
    ok: (received) => ({ type: "prepared", version, received }),
    error: (error) => ({ type: "not_prepared", version, error }),
  }, { key: "prepare" });
  return false;
}

function findRelease(reading: Reading, version: string, { options }: Own): Release | null {
  const committed = reading.service?.entry.committed ?? null;
  if (reading.offer?.version === version) return reading.offer;
  if (committed?.version === version) return committed;
  const receipt = options.store.readReceipt(version);
  if (receipt === null) return null;
  const sizeBytes = receipt.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    service: options.service,
    version,
    infoHash: receipt.infoHash,
    sizeBytes,
    torrentUrl: null,
  };
}

function isQueued(reading: Reading, version: string, host: string): boolean {
  const nodes = reading.stagingNodes.filter((node) => node.host === host);
  return nodes.length === 1 &&
    reading.view.staged.some((entry) => entry.host === host && entry.version === version);
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
  const request = { host, service, version, catchUp, nowMs: context.clock.nowMs() };
  const admission = decideAdmission(reading.view, request);
  if (!admission.admit) {
    waitFor(admission.waitingFor, own);
    const ahead = watchPredecessor(state, reading, { zookeeper, own });
    if (ahead === null && reading.view.wave?.service === service) lookAfter(NEXT_LOOK_MS, own);
    return state;
  }
  const change: Switch = {
    ...newSwitch(status.wanted, version, own),
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
function startWithoutSlot(state: State, version: string, own: Own): State {
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
          ...newSwitch(from, version, own),
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

function newSwitch(from: string | null, to: string, { context }: Own): Switch {
  return {
    from,
    to,
    step: firstStep(from),
    sinceMs: context.clock.nowMs(),
    hasSlot: true,
    wave: null,
    reason: null,
  };
}

/**
 * Watches the host before this one in the staging queue, and nobody else: with all of them watching the whole queue, every
 * move would wake the whole fleet.
 *
 * @returns Its name; `null` for the head.
 */
function watchPredecessor(
  state: State,
  reading: Reading,
  on: { zookeeper: ZooKeeper; own: Own },
): string | null {
  const { options, context } = on.own;
  const index = reading.stagingNodes.findIndex(({ host }) => host === options.host);
  const predecessor = reading.stagingNodes[index - 1]?.node ?? null;
  if (predecessor === null || predecessor === state.predecessor) return predecessor;
  state.predecessor = predecessor;
  const path = stagingPath(options.service, predecessor);
  context.pipeToSelf(
    (signal) =>
      on.zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "znode_changed", path }),
        signal,
      }),
    {
      // Gone already: nobody will tell.
      ok: (stat) => ({
        type: "acted",
        what: "watch the predecessor",
        error: stat === null ? GONE : null,
      }),
      error: (error) => ({ type: "acted", what: "watch the predecessor", error }),
    },
    { key: "predecessor" },
  );
  return predecessor;
}

const GONE = new Error("it is gone already");

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
  if (state.preparing !== null) {
    // Nobody wants it any more: the rollout was aborted, or the fleet has settled on what runs here.
    context.cancelTask("prepare");
    options.fetcher.tell({ type: "cancel" });
    state.preparing = null;
  }
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
        () => finishWave(zookeeper, reading, { service, nowMs: context.clock.nowMs() }),
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
  if (reading.waves.length === 0) tidyUp(state, own);
  return state;
}

/** With no wave on its way, only what runs stays locked; should it not be locked, it is now. */
function tidyUp(state: State, { options, context }: Own): void {
  const running = state.status?.wanted ?? null;
  if (running === null || state.preparing !== null) return;
  const { pin } = options.config;
  if ([...state.locked.keys()].some((version) => version !== running)) {
    options.pinner.tell({ type: "keep", versions: [running] });
  }
  if (pin.mode !== "off" && !state.locked.has(running) && !context.timers.isActive(REPIN_TIMER)) {
    options.pinner.tell({ type: "pin", version: running, progressTo: null, replyTo: null });
    context.timers.after(REPIN_TIMER, REPIN_PAUSE_MS, { type: "look_due" });
  }
}
