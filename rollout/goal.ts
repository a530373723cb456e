/**
 * What should this host do next about one service? Pure; how it is done is the upgrade coordinator's business.
 *
 * @module
 */

import { covers, isHeld, type ServiceView } from "./admission.ts";
import type { Offer, Service } from "./entries.ts";
import { decideRejoin } from "./rejoin.ts";

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
  /** A slot stands in the host's name though no switch is under way: give it back. */
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
  if (isHeld(ownSlot)) return { goal: { kind: "return_slot" }, hasRejoined: input.hasRejoined };

  const rejoin = decideRejoin(host, service, view.current);
  if (running === null && rejoin.version !== null) {
    return {
      goal: { kind: "start", version: rejoin.version, reason: rejoin.reason },
      hasRejoined: false,
    };
  }
  const hasRejoined = input.hasRejoined || rejoin.version === null || rejoin.version === running;

  const wave = input.waves.find((candidate) => covers(candidate, host));
  if (wave !== undefined && wave.version !== running) {
    const isFailed = ownSlot?.to === wave.version;
    if (isFailed) {
      const isRetryAsked = view.control?.state === "running" &&
        view.controlVersion > (ownSlot.controlVersion ?? Number.MAX_SAFE_INTEGER);
      if (isRetryAsked) return { goal: { kind: "return_slot" }, hasRejoined };
      return {
        goal: {
          kind: "stay",
          waitingFor: `${wave.version} failed here: ${ownSlot.reason ?? "no reason given"}`,
        },
        hasRejoined,
      };
    }
    if (input.offer?.version !== wave.version) {
      return {
        goal: { kind: "stay", waitingFor: `the release ${wave.version} is not on offer` },
        hasRejoined,
      };
    }
    return { goal: { kind: "roll", version: wave.version }, hasRejoined };
  }
  if (!hasRejoined && rejoin.version !== null) {
    return {
      goal: { kind: "catch_up", version: rejoin.version, reason: rejoin.reason },
      hasRejoined,
    };
  }
  return { goal: { kind: "stay", waitingFor: waitOfAFinishedHost(input) }, hasRejoined };
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
