/**
 * What should this host do next about one service? Pure; how it is done is the upgrade coordinator's business.
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
  /** The service is down and belongs up: start that version. Nobody has to make room for it. */
  | { readonly kind: "start"; readonly version: string; readonly reason: string }
  /** A wave is coming: prepare, join the staging queue, ask for a slot. */
  | { readonly kind: "roll"; readonly version: string }
  /** The fleet has moved on without this host: prepare, ask for a slot outside of any wave. */
  | { readonly kind: "catch_up"; readonly version: string; readonly reason: string }
  /** A slot stands in the host's name though no switch is under way, or its failure is over: give it back. */
  | { readonly kind: "return_slot" };

/** What the goal depends on. */
export interface GoalInput {
  readonly host: string;
  readonly service: Service;
  readonly offer: Offer | null;
  readonly view: ServiceView;
  /** The waves of this service, in order. */
  readonly waves: readonly { readonly version: string; readonly hosts: readonly string[] | null }[];
  /** The version that the host runs, or keeps restarting; `null` when its service is stopped. */
  readonly running: string | null;
  /** Whether the host has found itself in line with the fleet since its session began. */
  readonly hasRejoined: boolean;
}

/** The goal, and whether the host counts as in line with the fleet from now on. */
export interface GoalDecision {
  readonly goal: Goal;
  readonly hasRejoined: boolean;
}

/** Decides what to do next. */
export function decideGoal(input: GoalInput): GoalDecision {
  const { host, service, view, running } = input;
  const ownSlot = view.slots.get(host);
  if (ownSlot !== undefined && (isHeld(ownSlot) || isFailureOver(ownSlot, input))) {
    return { goal: { kind: "return_slot" }, hasRejoined: input.hasRejoined };
  }

  const rejoin = decideRejoin(host, service, view.current);
  if (running === null && rejoin.version !== null) {
    // What failed here a while ago would fail again, and without a slot nobody would count it.
    const goal: Goal = ownSlot?.to === rejoin.version && ownSlot.from !== null
      ? { kind: "start", version: ownSlot.from, reason: describeFailure(ownSlot) }
      : { kind: "start", version: rejoin.version, reason: rejoin.reason };
    return { goal, hasRejoined: false };
  }

  const wave = input.waves.find((candidate) => covers(candidate, host));
  if (wave !== undefined) {
    // A host that runs the wave's version is in line, also while most of the others still run the old one.
    const hasRejoined = input.hasRejoined || wave.version === running ||
      rejoin.version === null || rejoin.version === running;
    return { goal: goalInWave(wave.version, input), hasRejoined };
  }

  const target = targetOutsideOfWaves(input, rejoin);
  const hasRejoined = input.hasRejoined || target.version === null || target.version === running;
  // Once in line, a host can still fall behind: it came back just when the wave was ended without it. One that runs a
  // withdrawn version stays as it is, since an abort takes nobody down.
  const isStaying = hasRejoined && running !== null && service.withdrawn.includes(running);
  if (target.version === null || target.version === running || isStaying) {
    return { goal: { kind: "stay", waitingFor: waitOfAFinishedHost(input) }, hasRejoined };
  }
  const goal: Goal = ownSlot?.to === target.version
    ? { kind: "stay", waitingFor: describeFailure(ownSlot) }
    : { kind: "catch_up", version: target.version, reason: target.reason };
  return { goal, hasRejoined };
}

/** A wave covers the host: it goes along, unless it has, or has tried. */
function goalInWave(version: string, input: GoalInput): Goal {
  const ownSlot = input.view.slots.get(input.host);
  if (version === input.running) return { kind: "stay", waitingFor: waitOfAFinishedHost(input) };
  if (ownSlot?.to === version) return { kind: "stay", waitingFor: describeFailure(ownSlot) };
  return input.offer?.version === version
    ? { kind: "roll", version }
    : { kind: "stay", waitingFor: `the release ${version} is not on offer` };
}

/** With no wave on its way the committed version is the fleet's; popularity could send two halves after each other. */
function targetOutsideOfWaves({ service, waves }: GoalInput, rejoin: Rejoin): Rejoin {
  const committed = service.committed?.version;
  if (waves.length > 0 || committed === undefined || service.withdrawn.includes(committed)) {
    return rejoin;
  }
  return { version: committed, reason: `${committed} is the committed version` };
}

/** Whether the record of a failed switch has served: an operator says try again, or nobody wants that version any more. */
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
