/**
 * Whether a host may go down now: the main rule of the upgrade protocol, as one pure function of what was read from
 * the tree.
 *
 * The answer is only advice, since what was read may be stale. The caller's `multi` enforces it: it checks the control
 * node and the wave, and changes the service's admission counter at the version that is in the view.
 *
 * @module
 */

import { type BudgetWait, checkBudget, describeHolders } from "./budget.ts";
import type { Census, SlotHost } from "./census.ts";
import { describeStops } from "./control.ts";
import { dependenciesFor, findDependencyBelowBudget } from "./dependencies.ts";
import type { Slot } from "./entries.ts";
import { freezeAt } from "./freeze/mod.ts";
import { closedGate, describeGate } from "./gate.ts";
import { isDrained } from "./membership.ts";
import { listNames } from "./name_list.ts";
import { describeQuarantine } from "./quarantine.ts";
import { checkQuorum } from "./quorum.ts";
import {
  describeOtherContent,
  isOtherContent,
  isSameRelease,
  type ReleaseIdentity,
} from "./release_identity.ts";
import { covers, type FirstWave } from "./service_view.ts";
import { describeHeldElsewhere, isHeld, isHeldElsewhere, isSameSlot, slotTarget } from "./slot.ts";

/** Whether a host may take a slot; if not, `waitingFor` says why, in words for an operator. */
export type Admission =
  | { readonly admit: true; readonly wave: FirstWave | null }
  | BudgetWait & {
    readonly admit: false;
    /** When to ask again, in ms, where that is known; left out: when something has changed. */
    readonly againMs?: number;
  };

/** What a host waits for that is in the staging queue, and not the first one. It says so when it joins, and so only once. */
export const WAITS_FOR_TURN = "waits for its turn in the staging queue";

/**
 * What a host asks for that has no switch under way: to switch in the first wave, or to catch up with the fleet outside of
 * any wave.
 */
export interface AdmissionRequest extends ReleaseIdentity {
  /** The host that asks. */
  readonly host: string;
  /** Its service. */
  readonly service: string;
  /** The version to switch to. */
  readonly version: string;
  /** Whether the host came back with an old version and no wave covers it. */
  readonly catchUp: boolean;
  /**
   * The host before it in the staging queue; `null`: it is the first one. Two that both think so do no harm: only one of them
   * gets the slot.
   */
  readonly behind: string | null;
  /** Since when the host has seen the wave wait at its gate, by its wall clock: for words. Default: not known. */
  readonly gateSinceMs?: number | null;
  /** What the host's wall clock shows, ms: for freeze windows. */
  readonly wallTimeMs: number;
}

/** Decides whether the host may take a slot (invariants I1, I2, I3, I6). */
export function decideAdmission(census: Census, request: AdmissionRequest): Admission {
  const { control, wave, own } = census;
  // A host without an entry counts as away although its service may be running: it must not count as a host that is down
  // already.
  if (own === null) return wait("not registered among the current hosts yet");
  const quarantine = describeQuarantine(own);
  if (quarantine !== null) return wait(quarantine);
  const slot = census.slots.get(request.host)?.slot;
  // A slot of a switch that was dropped stands as long as the host is down, and the next one takes its place.
  const isReplaced = slot !== undefined && isHeld(slot) && own.state !== "serving";
  if (slot !== undefined && isHeldElsewhere(slot, own)) return wait(describeHeldElsewhere(slot));
  if (slot !== undefined && !isReplaced) {
    return wait(
      isHeld(slot)
        ? `holds its slot already (${slot.step})`
        : `switch to ${slot.to} failed${slot.reason ? `: ${slot.reason}` : ""}`,
    );
  }
  if (control !== null && control.state !== "running") {
    return wait(`control is ${describeStops(control)}`);
  }
  if (!request.catchUp) {
    if (wave === null) return wait("no wave in the deploy queue");
    if (wave.service !== request.service) {
      return wait(`wave of ${wave.service} ${wave.version} goes first`);
    }
    if (!isSameRelease(wave, request)) {
      return wait(
        isOtherContent(wave, request)
          ? describeOtherContent({ known: request, place: "what is staged here", wanted: wave })
          : `wave is for ${wave.version}, not ${request.version}`,
      );
    }
    if (!covers(wave, request.host)) {
      const others = listNames(wave.hosts ?? []);
      return wait(`wave of ${wave.version} goes to ${others || "other hosts"} first`);
    }
    // What the first one waits for, it says. Whoever is behind it would say what soon is old, since it is not woken by that.
    if (isAwayBySwitching(census) && request.behind !== null) return wait(WAITS_FOR_TURN);
    const gate = closedGate(wave);
    if (gate !== null) return wait(describeGate(gate, request.gateSinceMs ?? null));
    const quorum = checkQuorum(census);
    if (quorum !== null) return { admit: false, ...quorum };
  }
  const frozen = checkFreeze(census, request);
  if (frozen !== null) return frozen;

  // A host that is down already, or drained, makes nothing worse by starting the new version, so it goes first and beyond the
  // budget. If it waited for the head of the queue, and the head for the budget that it uses up, both would wait for ever. But
  // it waits for those that switch: if all hosts are down at once, because of what they all depend on, the new version would
  // else be on all of them before anything is known of it. Where nothing ran, there is nothing to lose.
  const admitted = { admit: true, wave: request.catchUp ? null : wave } as const;
  const concurrency = checkConcurrency(census, request.host);
  const blocked = isAwayBySwitching(census)
    ? waitForBudget(census, request.host) ?? concurrency
    : own.version === null
    ? null
    : concurrency;
  return blocked ?? waitForDependencies(census, admitted.wave) ?? admitted;
}

/** An admission that waits for a service that this one depends on; `null`: they all have enough hosts that serve. */
function waitForDependencies(census: Census, wave: FirstWave | null): Admission | null {
  const below = findDependencyBelowBudget(dependenciesFor(census, wave));
  return below === null ? null : wait(below);
}

/**
 * Whether the host's service is frozen now. A freeze holds between hosts: who has its slot goes on, so the fence does not ask. An
 * operator's word to switch all the same is one for the waves of a rollout, and not for who catches up long afterwards.
 */
function checkFreeze(
  { policy, wave }: Census,
  { catchUp, wallTimeMs }: AdmissionRequest,
): Admission | null {
  if (!catchUp && wave?.ignoresFreeze === true) return null;
  const freeze = freezeAt(policy.freeze, wallTimeMs);
  return freeze === null ? null : { ...wait(freeze.words), againMs: freeze.leftMs };
}

/** May a host that holds a slot stop its service now: yes, or why its slot has to be given back. */
export type Fence =
  | { readonly stop: true }
  | { readonly stop: false; readonly reason: string };

/** A host that is about to stop its service. */
export interface FenceRequest {
  /** The slot that it took. */
  readonly slot: Slot;
  /** The nodes of all waves that are in the deploy queue. */
  readonly waveNodes: readonly string[];
  /** The committed release, `null` if there is none. */
  readonly committed: ReleaseIdentity | null;
}

/**
 * Decides whether a host that holds a slot may stop its service (invariants I1, I5, I6). Between the admission and this
 * moment the host may have been dead, paused or draining for a long time, in which operators freed its slot, paused or
 * aborted. The caller makes the step from draining to stopping in a `multi` that checks what this decision rests on.
 */
export function decideFence(census: Census, request: FenceRequest): Fence {
  const { slot } = request;
  const { control, own } = census;
  const standing = census.slots.get(slot.host)?.slot;
  if (standing === undefined || !isSameSlot(standing, slot) || !isHeld(standing)) {
    return giveBack("its slot is gone");
  }
  if (control !== null && control.state !== "running") {
    return giveBack(`control is ${control.state} by ${control.by}`);
  }
  if (slot.wave !== null && !request.waveNodes.includes(slot.wave)) {
    return giveBack(`the wave of ${slot.to} is gone`);
  }
  const isCommitted = request.committed !== null &&
    isSameRelease(request.committed, slotTarget(slot));
  if (slot.wave === null && !isCommitted) {
    return giveBack(`${slot.to} is not the committed version any more`);
  }
  if (own === null) return giveBack("it is not registered among the current hosts");
  const quarantine = describeQuarantine(own);
  if (quarantine !== null) return giveBack(quarantine);
  const { host } = slot;
  const blocked = isAwayBySwitching(census)
    ? waitForBudget(census, host) ?? checkConcurrency(census, host) ??
      waitForDependencies(census, census.wave?.node === slot.wave ? census.wave : null)
    : own.version === null
    ? null
    : checkConcurrency(census, host);
  return blocked === null || blocked.admit ? { stop: true } : giveBack(blocked.waitingFor);
}

/**
 * Whether the host that decides takes capacity away by going down. A newcomer that serves is about to be counted on, and a host
 * that is down, or drained, is away whatever it does.
 */
export function isAwayBySwitching(
  { own, roster }: Pick<Census, "own" | "roster">,
): boolean {
  return own?.state === "serving" && !isDrained(roster);
}

function giveBack(reason: string): Fence {
  return { stop: false, reason };
}

/** The hosts whose switch to that release failed, and whose record of it still stands. */
export function failedHosts(
  { slots }: Pick<Census, "slots">,
  release: ReleaseIdentity,
): SlotHost[] {
  return [...slots.values()].filter(({ slot }) =>
    slot.step === "failed" && isSameRelease(slotTarget(slot), release)
  );
}

/** Whether one more host may switch; if not, the hosts that do. */
function checkConcurrency(census: Census, asking: string): Admission | null {
  const holders = describeHolders(census, asking);
  const { maxConcurrent } = census.policy;
  if (holders.length < maxConcurrent) return null;
  return wait(`${maxConcurrent === 1 ? "one" : maxConcurrent} at a time: ${listNames(holders)}`);
}

/** An admission that waits for the budget; `null`: it allows one more away. */
function waitForBudget(census: Census, asking: string): Admission | null {
  const blocked = checkBudget(census, asking);
  return blocked === null ? null : { admit: false, ...blocked };
}

function wait(waitingFor: string): Extract<Admission, { admit: false }> {
  return { admit: false, waitingFor, isForUnnamed: false };
}
