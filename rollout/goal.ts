/**
 * What a host should do next about one service. Pure; the upgrade coordinator (an actor) carries it out.
 *
 * @module
 */

import { covers, isHeld, type ServiceView } from "./admission.ts";
import type { Offer, Service, Slot } from "./entries.ts";
import { decideRejoin, type Rejoin } from "./rejoin.ts";

/** The next thing to do. */
export type Goal =
  /** Nothing. */
  | { readonly kind: "stay"; readonly waitingFor: string | null }
  /** The service is down and should be up: start that version. It needs no slot for that. */
  | { readonly kind: "start"; readonly version: string; readonly reason: string }
  /** A wave covers the host: prepare, join the staging queue, ask for a slot. */
  | { readonly kind: "roll"; readonly version: string }
  /** The fleet was upgraded without this host: prepare, ask for a slot outside of any wave. */
  | { readonly kind: "catch_up"; readonly version: string; readonly reason: string }
  /**
   * The host serves and has a slot though no switch is under way, or has nothing to serve, or the record of its failure is no
   * longer needed: remove it.
   */
  | { readonly kind: "return_slot" };

/** The input of {@link decideGoal}. */
export interface GoalInput {
  /** The host that decides. */
  readonly host: string;
  /** The entry of its service. */
  readonly service: Service;
  /** The release on offer. */
  readonly offer: Offer | null;
  /** What was read from the tree. */
  readonly view: ServiceView;
  /** The waves of this service, in order. */
  readonly waves: readonly { readonly version: string; readonly hosts: readonly string[] | null }[];
  /** The version that the host runs or restarts; `null` when its service is stopped. */
  readonly running: string | null;
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
  const slot = input.view.slots.get(input.host);
  if (slot === undefined) return decideWithoutSlot(input, null);
  const { hasRejoined } = input;
  if (!isHeld(slot)) {
    return isFailureOver(slot, input)
      ? { goal: { kind: "return_slot" }, hasRejoined }
      : decideWithoutSlot(input, slot);
  }
  if (input.isServing) return { goal: { kind: "return_slot" }, hasRejoined };
  const decision = decideWithoutSlot(input, null);
  if (decision.goal.kind !== "stay") return decision;
  // Nobody can wait for a host to serve that has nothing to serve.
  const isIdle = input.running === null &&
    decideRejoin(input.host, input.service, input.view).version === null;
  if (isIdle) return { goal: { kind: "return_slot" }, hasRejoined };
  const waitingFor = decision.goal.waitingFor ??
    `its slot for ${slot.to} stands until ${input.running} serves`;
  return { ...decision, goal: { kind: "stay", waitingFor } };
}

/** Decides what to do next, as if the host held no slot. `failure` is the record of its last switch, if that has failed. */
function decideWithoutSlot(input: GoalInput, failure: Slot | null): GoalDecision {
  const { host, service, view, running } = input;
  const rejoin = decideRejoin(host, service, view);
  const wave = input.waves.find((candidate) => covers(candidate, host));
  const inWave = wave === undefined ? null : goalInWave(wave.version, input, failure);
  // What it should start cannot be had here (its files are damaged, and nobody has them any more), or does not come up: it
  // goes along with the wave, if that has anything for it. It is down already, and would else hold all others up until
  // somebody looks.
  const isStuck = rejoin.version === input.unstarted && wave?.version !== rejoin.version &&
    inWave?.kind === "roll";
  if (running === null && rejoin.version !== null && !isStuck) {
    // A version that failed here would fail again, and without a slot the failure would not count.
    const goal: Goal = failure?.to === rejoin.version && failure.from !== null
      ? { kind: "start", version: failure.from, reason: describeFailure(failure) }
      : { kind: "start", version: rejoin.version, reason: rejoin.reason };
    return { goal, hasRejoined: false };
  }

  if (wave !== undefined && inWave !== null) {
    // A host that runs the wave's version has rejoined, also while most others still run the old version.
    const hasRejoined = input.hasRejoined || wave.version === running ||
      rejoin.version === null || rejoin.version === running;
    return { goal: inWave, hasRejoined };
  }

  const target = targetOutsideOfWaves(input, rejoin);
  const hasRejoined = input.hasRejoined || target.version === null || target.version === running;
  // A host that has rejoined can still fall behind: it may come back just when the wave finishes without it. A host that
  // runs a withdrawn version stays on it, also when its session is new: neither an abort nor an outage takes a host down.
  const isStaying = running !== null && service.withdrawn.includes(running);
  if (target.version === null || target.version === running || isStaying) {
    return { goal: { kind: "stay", waitingFor: waitOfAFinishedHost(input) }, hasRejoined };
  }
  if (failure?.to === target.version) {
    return { goal: { kind: "stay", waitingFor: describeFailure(failure) }, hasRejoined };
  }
  // The fence lets nobody go down for another version than the committed one, outside of waves: a host that asked for a slot
  // all the same would take it, drain, and give it back, over and over.
  const goal: Goal = target.version === service.committed?.version
    ? { kind: "catch_up", version: target.version, reason: target.reason }
    : { kind: "stay", waitingFor: `${target.version} is not committed yet, and no wave is for it` };
  return { goal, hasRejoined };
}

/** The goal of a host that a wave covers: to switch, unless it has switched or its switch has failed. */
function goalInWave(version: string, input: GoalInput, failure: Slot | null): Goal {
  if (version === input.running) return { kind: "stay", waitingFor: waitOfAFinishedHost(input) };
  if (failure?.to === version) return { kind: "stay", waitingFor: describeFailure(failure) };
  return input.offer?.version === version
    ? { kind: "roll", version }
    : { kind: "stay", waitingFor: `the release ${version} is not on offer` };
}

/** The version without a wave: the committed one. By popularity, two halves of a fleet could switch to each other's version. */
function targetOutsideOfWaves({ service, waves }: GoalInput, rejoin: Rejoin): Rejoin {
  const committed = service.committed?.version;
  if (waves.length > 0 || committed === undefined || service.withdrawn.includes(committed)) {
    return rejoin;
  }
  return { version: committed, reason: `${committed} is the committed version` };
}

/** Whether the record of a failed switch is no longer needed: an operator wants another try, or no wave has that version any more. */
function isFailureOver(slot: Slot, { service, view, waves }: GoalInput): boolean {
  const isWanted = service.committed?.version === slot.to ||
    waves.some((wave) => wave.version === slot.to);
  const isRetryAsked = view.control?.state === "running" &&
    view.controlVersion > (slot.controlVersion ?? Number.MAX_SAFE_INTEGER);
  return isRetryAsked || !isWanted;
}

function describeFailure(slot: Slot): string {
  return `${slot.to} failed here: ${slot.reason ?? "no reason given"}`;
}

function waitOfAFinishedHost({ view, waves, running }: GoalInput): string | null {
  if (running === null) {
    return "nothing to run yet: no version is committed and no wave is on its way";
  }
  const [wave] = waves;
  if (wave === undefined || wave.version !== running) return null;
  return view.control !== null && view.control.state !== "running"
    ? `rollout is ${view.control.state}`
    : null;
}
