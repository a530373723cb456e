/**
 * What a host should do next about one service. Pure; the upgrade coordinator (an actor) carries it out.
 *
 * @module
 */

import type { Census } from "./census.ts";
import type { Offer, Service, Slot } from "./entries.ts";
import { isNewcomer } from "./membership.ts";
import { describeQuarantine } from "./quarantine.ts";
import { areVotesNeeded, decideRejoin, decideRejoinByCount, type Rejoin } from "./rejoin.ts";
import {
  describeOtherContent,
  isOtherContent,
  isSameRelease,
  type ReleaseIdentity,
} from "./release_identity.ts";
import { covers, type ServiceView } from "./service_view.ts";
import { describeHeldElsewhere, isHeld, isHeldElsewhere, isSkipped, slotTarget } from "./slot.ts";

/** A release that a host is to have. */
type Wanted = ReleaseIdentity & { readonly version: string };

/** The next thing to do. */
export type Goal =
  /** Nothing. */
  | { readonly kind: "stay"; readonly waitingFor: string | null }
  /** The service is down and should be up: start that version. It needs no slot for that. */
  | Wanted & { readonly kind: "start"; readonly reason: string }
  /** A wave covers the host: prepare, join the staging queue, ask for a slot. */
  | Wanted & { readonly kind: "roll" }
  /** The fleet was upgraded without this host: prepare, ask for a slot outside of any wave. */
  | Wanted & { readonly kind: "catch_up"; readonly reason: string }
  /**
   * The host serves and has a slot though no switch is under way, or has nothing to serve, or the record of its failure is no
   * longer needed: remove it.
   */
  | { readonly kind: "return_slot" }
  /** Nothing runs, and what the others run has to be read before it is decided what is started. */
  | { readonly kind: "look_around" };

/** The input of {@link decideGoal}. */
export interface GoalInput {
  /** The host that decides. */
  readonly host: string;
  /** The entry of its service. */
  readonly service: Service;
  /** The release on offer. */
  readonly offer: Offer | null;
  /** What was read from the tree. */
  readonly census: Census;
  /** The same with all hosts, `null` if only their number was read. Needed where nothing runs and most others serve. */
  readonly view: ServiceView | null;
  /** The waves of this service, in order. */
  readonly waves: readonly (Wanted & { readonly hosts: readonly string[] | null })[];
  /** The release that the host runs or restarts; `null` when its service is stopped. */
  readonly running: ReleaseIdentity | null;
  /** Whether its service serves: it runs, and is healthy. */
  readonly isServing: boolean;
  /** Whether the host has run the fleet's version at some moment since its session began. */
  readonly hasRejoined: boolean;
  /** The version that could not be prepared or started here the last time, `null` if none. */
  readonly unstarted: string | null;
}

/** The goal, and the new value of {@link GoalInput.hasRejoined}. */
export interface GoalDecision {
  readonly goal: Goal;
  readonly hasRejoined: boolean;
}

/**
 * Decides what to do next, while no switch is under way.
 *
 * A slot that stands says that its host may be down (invariant I5). So the host serves first, and gives the slot back then:
 * it starts what it should run while the slot stands, or has a slot for what a wave brings in its place.
 */
export function decideGoal(input: GoalInput): GoalDecision {
  const decision = decideOutsideOfQuarantine(input);
  const waitingFor = describeQuarantine(input.census.own);
  const { goal } = decision;
  // It starts what it should run, and gives back what it does not need, but goes along with nobody.
  const goesAlong = goal.kind === "roll" || goal.kind === "catch_up" ||
    goal.kind === "stay" && goal.waitingFor === null;
  if (waitingFor === null || !goesAlong) return decision;
  return { ...decision, goal: { kind: "stay", waitingFor } };
}

function decideOutsideOfQuarantine(input: GoalInput): GoalDecision {
  const slot = input.census.slots.get(input.host)?.slot;
  const { hasRejoined } = input;
  if (input.running === null && input.view === null && areVotesNeeded(input)) {
    return { goal: { kind: "look_around" }, hasRejoined };
  }
  if (slot === undefined) return decideWithoutSlot(input, null);
  if (!isHeld(slot)) {
    return isFailureOver(slot, input)
      ? { goal: { kind: "return_slot" }, hasRejoined }
      : decideWithoutSlot(input, isTriedOn(slot) ? null : slot);
  }
  const isElsewhere = isHeldElsewhere(slot, input.census.own);
  if (input.isServing && !isElsewhere) return { goal: { kind: "return_slot" }, hasRejoined };
  const decision = decideWithoutSlot(input, null);
  if (isElsewhere) {
    // It serves, or starts to, as any host; but nobody goes down in its name beside the machine that may be down already.
    return decision.goal.kind === "start"
      ? decision
      : { ...decision, goal: { kind: "stay", waitingFor: describeHeldElsewhere(slot) } };
  }
  if (decision.goal.kind !== "stay") return decision;
  // Nobody can wait for a host to serve that has nothing to serve.
  const isIdle = input.running === null && rejoinOf(input).version === null;
  if (isIdle) return { goal: { kind: "return_slot" }, hasRejoined };
  const waitingFor = decision.goal.waitingFor ??
    `its slot for ${slot.to} stands until ${input.running?.version} serves`;
  return { ...decision, goal: { kind: "stay", waitingFor } };
}

/** Whether a host goes on trying in spite of the record: it could not get the release ready, and nobody has left it out. */
function isTriedOn(slot: Slot): boolean {
  return slot.cause === "preparation" && !isSkipped(slot);
}

/** Decides what to do next, as if the host held no slot. `failure` is the record of its last switch, if that has failed. */
function decideWithoutSlot(input: GoalInput, failure: Slot | null): GoalDecision {
  const { host, service, running } = input;
  const rejoin = rejoinOf(input);
  const wave = input.waves.find((candidate) => covers(candidate, host));
  const inWave = wave === undefined ? null : goalInWave(wave, input, failure);
  // What it should start cannot be had here (its files are damaged, and nobody has them any more), or does not come up: it
  // goes along with the wave, if that has anything for it. It is down already, and would else hold all others up until
  // somebody looks. One that has never served prepares what is on offer, and not first what is about to be replaced.
  const isWithWave = wave?.version !== rejoin.version && inWave?.kind === "roll" &&
    (rejoin.version === input.unstarted || isNewcomer(input.census.roster));
  if (running === null && rejoin.version !== null && !isWithWave) {
    // A version that failed here would fail again, and without a slot the failure would not count.
    const { version, infoHash, restart, reason } = rejoin;
    // One that has failed after its switch ran here: the host does not change its version by itself.
    const hasFailed = failure !== null && failure.cause !== "watch" &&
      isSameRelease(slotTarget(failure), rejoin);
    // What it ran then may be withdrawn by now: after a rollback it is.
    const isWayBackGone = failure !== null && service.withdrawn.includes(failure.from ?? "");
    const goal: Goal = hasFailed && failure.from !== null && !isWayBackGone
      ? { kind: "start", version: failure.from, reason: describeFailure(failure) }
      : { kind: "start", version, infoHash, restart, reason };
    return { goal, hasRejoined: false };
  }

  if (wave !== undefined && inWave !== null) {
    // A host that runs the wave's version has rejoined, also while most others still run the old version.
    const hasRejoined = input.hasRejoined || isRunning(wave, input) ||
      rejoin.version === null || isRunning(rejoin, input);
    return { goal: inWave, hasRejoined };
  }

  const target = targetOutsideOfWaves(input, rejoin);
  const hasRejoined = input.hasRejoined || target.version === null || isRunning(target, input);
  // A host that has rejoined can still fall behind: it may come back just when the wave finishes without it. A host that
  // runs a version that an abort has left behind stays on it, also when its session is new: neither an abort nor an outage
  // takes a host down. What has been rolled back, or was left behind before the committed version came, is no place to stay.
  const left = service.abandoned ?? service.withdrawn;
  const isStaying = running !== null && left.includes(running.version ?? "");
  if (target.version === null || isRunning(target, input) || isStaying) {
    return { goal: { kind: "stay", waitingFor: waitOfAFinishedHost(input, failure) }, hasRejoined };
  }
  if (running !== null && isOtherContent(running, target)) {
    return { goal: refuseOtherContent(running, target), hasRejoined };
  }
  if (failure !== null && isSameRelease(slotTarget(failure), target)) {
    return { goal: { kind: "stay", waitingFor: describeFailure(failure) }, hasRejoined };
  }
  // It is the committed one: the fence lets nobody go down for another one outside of waves.
  const { version, infoHash, restart, reason } = target;
  return { goal: { kind: "catch_up", version, infoHash, restart, reason }, hasRejoined };
}

/** What a host starts on which nothing runs. One that runs something is told by waves and the committed version. */
function rejoinOf({ host, service, census, view, running }: GoalInput): Rejoin {
  if (running === null) {
    return view === null ? decideRejoinByCount(service, census) : decideRejoin(host, service, view);
  }
  const { version, infoHash, restart } = running;
  return { version, infoHash, restart, reason: "it runs" };
}

/** The goal of a host that a wave covers: to switch, unless it has switched or its switch has failed. */
function goalInWave(wave: Wanted, input: GoalInput, failure: Slot | null): Goal {
  const { running, offer } = input;
  const { version, infoHash, restart } = wave;
  if (isRunning(wave, input)) {
    return { kind: "stay", waitingFor: waitOfAFinishedHost(input, failure) };
  }
  if (running !== null && isOtherContent(running, wave)) return refuseOtherContent(running, wave);
  if (failure !== null && isSameRelease(slotTarget(failure), wave)) {
    return { kind: "stay", waitingFor: describeFailure(failure) };
  }
  return offer !== null && isSameRelease(offer, wave)
    ? { kind: "roll", version, infoHash, restart }
    : { kind: "stay", waitingFor: `the release ${version} is not on offer` };
}

/** What runs has the wanted version and is something else. To take one for the other would be to run what nobody rolled out. */
function refuseOtherContent(running: ReleaseIdentity, wanted: ReleaseIdentity): Goal {
  const known = { known: running, place: "what runs here" };
  return { kind: "stay", waitingFor: describeOtherContent({ ...known, wanted }) };
}

function isRunning(release: ReleaseIdentity, { running }: GoalInput): boolean {
  return running !== null && isSameRelease(running, release);
}

/** The version without a wave: the committed one. By popularity, two halves of a fleet could switch to each other's version. */
function targetOutsideOfWaves({ service, waves }: GoalInput, rejoin: Rejoin): Rejoin {
  const { version, infoHash, restart } = service.committed ?? {};
  if (waves.length > 0 || version === undefined || service.withdrawn.includes(version)) {
    return rejoin;
  }
  return { version, infoHash, restart, reason: `${version} is the committed version` };
}

/** Whether the record of a failed switch is no longer needed: an operator wants another try, or no wave has that version any more. */
function isFailureOver(slot: Slot, { service, census, waves, running }: GoalInput): boolean {
  const wanted: readonly (ReleaseIdentity | null)[] = [service.committed, ...waves];
  // A restart that has failed here is over with its rollout, though the version stays the fleet's.
  const isWanted = wanted.some((one) =>
    one !== null && isSameRelease(one, slotTarget(slot)) &&
    (slot.restart === undefined || slot.restart === one.restart)
  );
  const isRetryAsked = census.control?.state === "running" &&
    census.controlVersion > (slot.controlVersion ?? Number.MAX_SAFE_INTEGER);
  // Who was left out while it was away may have come back on that version.
  const isThereAnyway = isSkipped(slot) && running !== null &&
    isSameRelease(running, slotTarget(slot));
  return isRetryAsked || !isWanted || isThereAnyway;
}

function describeFailure(slot: Slot): string {
  if (isSkipped(slot)) {
    return `${slot.to} is not for this host: ${slot.reason}; try it: rollcall rollout retry ${slot.host}`;
  }
  return `${slot.to} failed here: ${slot.reason ?? "no reason given"}`;
}

function waitOfAFinishedHost(
  { census, waves, running }: GoalInput,
  failure: Slot | null,
): string | null {
  if (running === null) {
    return "nothing to run yet: no version is committed and no wave is on its way";
  }
  // It has failed after its switch, and stays as it is until somebody decides.
  if (failure !== null && isSameRelease(slotTarget(failure), running)) {
    return describeFailure(failure);
  }
  const [wave] = waves;
  if (wave === undefined || !isSameRelease(wave, running)) return null;
  return census.control !== null && census.control.state !== "running"
    ? `rollout is ${census.control.state}`
    : null;
}
