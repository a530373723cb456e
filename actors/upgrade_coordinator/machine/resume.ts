/**
 * How a host goes on with a switch that the end of the agent, or of the whole machine, has interrupted. The journal says how far
 * it had come, but not what has happened in the tree since: so the tree is read first. Pure.
 *
 * @module
 */

import {
  type CensusReading,
  isHeld,
  isOtherRun,
  isSameSlot,
  type ReleaseIdentity,
} from "../../../rollout/mod.ts";
import { hasPassed, hasStopped, resume, type SlotOwner, type Switch, toSlot } from "./switch.ts";

/** How to go on. */
export type Resumption =
  /** At this step. */
  | { readonly kind: "go_on"; readonly change: Switch }
  /** The service has been drained, and runs, though it may have been told to end just before: at the fence. */
  | { readonly kind: "at_fence"; readonly change: Switch }
  /**
   * Not at all: the host decides as if there had been none. It starts what it should run, and gives a slot back that stands in
   * its name once it serves. `isExpected`: nobody needs to look why.
   */
  | { readonly kind: "drop"; readonly why: string; readonly isExpected: boolean };

/**
 * Decides how to go on. `running`: the version that the host runs or restarts, `null` if none; `restart`: by which restart it was
 * started. Default: not known.
 */
export function decideResumption(
  change: Switch,
  { owner, running, restart }: {
    readonly owner: SlotOwner;
    readonly running: string | null;
    readonly restart?: ReleaseIdentity["restart"];
  },
  reading: CensusReading,
): Resumption {
  const { from, to, step, hasSlot } = change;
  if (running !== null && running !== from && running !== to) {
    // A journal of another time, such as from a backup. To go back would be to stop what serves, without a slot.
    return drop(`${running} runs, not ${from ?? "nothing"}`);
  }
  if (running === null && !hasSlot) {
    // It began as the start of what the fleet ran then, and nobody has waited for it since.
    return { kind: "drop", why: "what to start is decided anew", isExpected: true };
  }
  const isTarget = running === to && !isOtherRun({ restart }, change);
  const isWithdrawn = (version: string | null) =>
    version !== null && reading.service?.entry.withdrawn.includes(version) === true;
  // The host was taken off the roster, and the fleet has gone on: nobody waits for its report.
  if (
    step === "rolling_back" && running === null && isWithdrawn(from) && !holdsSlot()
  ) {
    return drop("its slot is gone, and what ran before was withdrawn");
  }
  // A success is only reported of what runs: the machine may have been down since.
  if (step === "rolling_back" || step === "reporting" && (isTarget || !hasPassed(change))) {
    return { kind: "go_on", change };
  }
  // It was reported when the disk had no room for the journal to say so, or an operator has freed the slot. Should its trial fail
  // now, it would be stopped without one.
  if (hasSlot && isTarget && !holdsSlot()) return drop(`its slot is gone, and ${to} runs`);
  // Without ZooKeeper it was started again (start_alone.ts), and serves. To stop it is to take the host down anew.
  if (hasStopped(change) && running !== null && running === from && !isTarget) {
    return hasSlot
      ? { kind: "go_on", change: { ...change, step: "draining", wasStopped: true } }
      : { kind: "drop", why: `${running} runs again`, isExpected: true };
  }
  if (!hasStopped(change) && running !== null) {
    // The old version runs. Whether it may still be stopped is for the fence to say; the drain hook has been run, or is run
    // again from its beginning.
    return step === "stopping"
      ? { kind: "at_fence", change: { ...change, step: "draining", wasStopped: true } }
      : { kind: "go_on", change };
  }
  if (running === null) {
    if (isWithdrawn(to)) return drop("its rollout was aborted");
    if (!holdsSlot()) return drop("its slot is gone, and nothing runs");
  }
  return { kind: "go_on", change: resume(change, running) };

  function holdsSlot(): boolean {
    const standing = reading.census.slots.get(owner.host)?.slot;
    return standing !== undefined && isHeld(standing) &&
      isSameSlot(standing, toSlot(change, owner));
  }
}

function drop(why: string): Resumption {
  return { kind: "drop", why, isExpected: false };
}
