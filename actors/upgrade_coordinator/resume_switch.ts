/**
 * Goes on with a switch that the end of the agent, or of the whole machine, has interrupted. The journal says how far it had
 * come, but not what has happened in the tree since: so the tree is read first.
 *
 * @module
 */

import { isHeld, isSameSlot } from "../../rollout/mod.ts";
import { lookAtFence } from "./fence.ts";
import { beginSwitch } from "./run_switch.ts";
import type { Deps, Reading, State } from "./state.ts";
import { fromJournal, resume, toSlot } from "./switch.ts";

/** Whether the agent ended while a new version was on trial, and nothing has been decided about it since. */
export function isOnTrial({ interrupted }: State): boolean {
  return interrupted !== null && interrupted.step !== "draining" && interrupted.step !== "stopping";
}

/**
 * Goes on with the interrupted switch, or drops it.
 *
 * @returns Whether there is a switch now. If not, the host decides as if there had been none: it starts what it should run,
 * and gives a slot back that stands in its name once it serves.
 */
export function resumeSwitch(state: State, reading: Reading, deps: Deps): boolean {
  const { interrupted, status } = state;
  if (interrupted === null || status === null) return false;
  const { options, context } = deps;
  const change = fromJournal(interrupted);
  const { service, host } = options;
  state.interrupted = null;
  if (status.wanted !== null && status.wanted !== change.from && status.wanted !== change.to) {
    // A journal of another time, such as from a backup. To go back would be to stop what serves, without a slot.
    context.log.warn("{service}: the switch to {to} is dropped: {running} runs, not {from}", {
      service,
      to: change.to,
      running: status.wanted,
      from: change.from ?? "nothing",
    });
    state.journal.clear();
    return false;
  }
  if (status.wanted === null && !change.hasSlot) {
    // It began as the start of what the fleet ran then, and nobody has waited for it since.
    context.log.info("{service}: nothing runs, and what to start is decided anew", { service });
    state.journal.clear();
    return false;
  }
  if (change.step === "reporting" || change.step === "rolling_back") {
    beginSwitch(state, change, deps);
    return true;
  }
  const hasStopped = change.step !== "draining" && change.step !== "stopping";
  // Without ZooKeeper it was started again (start_alone.ts), and serves. To stop it is to take the host down anew.
  const isBack = hasStopped && status.wanted !== null && status.wanted === change.from &&
    status.wanted !== change.to;
  if (isBack) {
    if (change.hasSlot) {
      beginSwitch(state, { ...change, step: "draining" }, deps);
      return true;
    }
    state.journal.clear();
    return false;
  }
  if (!hasStopped && status.wanted !== null) {
    // The old version runs. Whether it may still be stopped is for the fence to say; the drain hook has been run, or is run
    // again from its beginning.
    if (change.step === "stopping") {
      state.change = { ...change, step: "draining" };
      state.isDrained = true;
      lookAtFence(state, reading, { change: state.change, deps });
    } else {
      beginSwitch(state, change, deps);
    }
    return true;
  }
  if (status.wanted === null) {
    const standing = reading.view.slots.get(host);
    const hasSlot = standing !== undefined && isHeld(standing) &&
      isSameSlot(standing, toSlot(change, host));
    const isWithdrawn = reading.service?.entry.withdrawn.includes(change.to) ?? false;
    if (!hasSlot || isWithdrawn) {
      context.log.warn("{service}: nothing runs, and the switch to {to} is dropped: {reason}", {
        service,
        to: change.to,
        reason: isWithdrawn ? "its rollout was aborted" : "its slot is gone",
      });
      state.journal.clear();
      return false;
    }
  }
  beginSwitch(state, resume(change, status), deps);
  return true;
}
