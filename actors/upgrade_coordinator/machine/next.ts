/**
 * What a host does next about one service, while no switch is under way: one function of what it knows of itself and what it
 * has read. Pure; decide.ts carries it out, and the exhaustive check tries all its outcomes.
 *
 * @module
 */

import {
  type AgentIdentity,
  type Area,
  type CensusReading,
  covers,
  decideAdmission,
  decideFinish,
  decideGate,
  decideGoal,
  type FailureCause,
  type FirstWave,
  type GateWatch,
  isFailureOf,
  isHeld,
  isMiscounted,
  isOfSameAgent,
  isQuorumMet,
  isRollBackDue,
  isSameRelease,
  isWatched,
  type ReleaseIdentity,
  type Slot,
} from "../../../rollout/mod.ts";
import { decideDrainStep, type DrainNow, type Word } from "./drain.ts";
import type { Trouble } from "./trouble.ts";

/** A release that a host is to have. */
export type Wanted = ReleaseIdentity & { readonly version: string };

/** What a host knows of itself. */
export interface HostNow {
  readonly host: string;
  /** By what its entry is told from that of another machine under its name. */
  readonly identity: AgentIdentity;
  readonly service: string;
  /** The release that it runs or restarts; `null` when its service is stopped. */
  readonly running: ReleaseIdentity | null;
  /** Whether its service serves: it runs, and is healthy. */
  readonly isServing: boolean;
  /** Whether it has run the fleet's version at some moment since its session began. */
  readonly hasRejoined: boolean;
  /** The release that is on its disk, verified and locked as asked, and not held back after a failure; `null` if none is. */
  readonly ready: ReleaseIdentity | null;
  /** The version that could not be prepared or started here the last time; `null` if none. */
  readonly unstarted: string | null;
  /** The release that it could not get ready within its deadline, and why; `null` if none. */
  readonly unprepared: (Wanted & { readonly reason: string }) | null;
  /** Whether it has known for a while that the rollout is halted. */
  readonly hasHaltStood: boolean;
  /** What has happened to the release that it runs, since that was well here; `null` if nothing has. */
  readonly trouble: Trouble | null;
  /** Its place in the staging queue; `null` if it has none; `undefined` if an earlier life of its agent may have left one. */
  readonly place: QueuePlace | null | undefined;
  /** Whether it may go to the end of the staging queue: not if it has just done so. Default: no. */
  readonly mayYield?: boolean;
  /** What it has done about an operator's word that it is drained. Left out: nothing. */
  readonly drain?: DrainNow;
  /** What it knows of the gate before the wave that is next; left out: nothing yet. */
  readonly gate?: GateWatch | null;
  /** What its wall clock shows, ms: for freeze windows. */
  readonly wallTimeMs: number;
}

/** A host's place in the staging queue. */
export interface QueuePlace {
  /** The release that it waits for. */
  readonly release: ReleaseIdentity;
  /** Whether it still stands. */
  readonly stands: boolean;
  /** The nearest host before it of those that the first wave covers; `null`: it is the first one. */
  readonly behind: string | null;
}

/** What to do next. */
export type Next =
  /** The host's entry is not in the tree, or (`isNamesake`) another machine's is: change nothing. */
  | { readonly kind: "register"; readonly isNamesake: boolean }
  /** Read all hosts, not only their numbers: what is next depends on them. */
  | { readonly kind: "look_around" }
  /** The entry in the tree does not say what is true, and nothing may be decided by it: wait until it is written. */
  | { readonly kind: "await_entry" }
  /** Take the host out of what sends it work, or put it back: by its hook. `word`: whose word that is; `null`: nobody's. */
  | { readonly kind: "drain" | "undrain"; readonly word: Word | null }
  /** Register as a host that is drained no longer: it gets work again. */
  | { readonly kind: "put_back" }
  /** Fetch, verify and lock a version. `leavesQueue`: and leave the staging queue, in which it would hold up who is ready. */
  | Wanted & { readonly kind: "prepare"; readonly leavesQueue: boolean }
  /** Record that a release has failed here without a switch. `wave`: the node of the wave that wants it; `null` outside of any. */
  | Wanted & {
    readonly kind: "record_failure";
    readonly cause: FailureCause;
    readonly reason: string;
    readonly wave: string | null;
  }
  /** Roll the rollout that is halted back, as its plan says. */
  | { readonly kind: "roll_back" }
  /** Start a version, without a slot: nothing runs. */
  | Wanted & { readonly kind: "start"; readonly reason: string }
  | Wanted & { readonly kind: "join_queue"; readonly isBelowQuorum: boolean }
  | { readonly kind: "leave_queue" }
  /** Take a slot, and begin a switch. `wave`: `null` outside of any. */
  | Wanted & {
    readonly kind: "take_slot";
    readonly wave: FirstWave | null;
    /** The node by which the wave is marked as opened, if this host is the first one; `null` if it is not. */
    readonly opening: string | null;
  }
  /** Wait for other hosts or an operator. `isQueued`: in the staging queue. */
  | Wanted & {
    readonly kind: "wait";
    readonly waitingFor: string;
    readonly isQueued: boolean;
    /** Whether it waits for hosts that are away and not known by name. */
    readonly isForUnnamed: boolean;
    /** When to look again, in ms, where that is known; left out: when something has changed. */
    readonly againMs?: number;
    /** The rack or the site whose hosts it waits for; left out if they are those of the service. */
    readonly area?: Area;
    /** Whether it goes to the end of the queue meanwhile: who stands in another rack need not wait for this one. Default: no. */
    readonly yields?: boolean;
  }
  | { readonly kind: "give_slot_back"; readonly slot: Slot }
  | { readonly kind: "end_wave"; readonly waitingFor: string | null }
  /** Open the gate before the wave that is next. */
  | { readonly kind: "open_gate"; readonly wave: FirstWave; readonly how: string }
  /** Halt the rollout: the wave that is next cannot go on. */
  | { readonly kind: "halt"; readonly reason: string }
  /** Nothing. `isFleetIdle`: no wave of the service is left, so releases that do not run may go. */
  | {
    readonly kind: "rest";
    readonly waitingFor: string | null;
    readonly isFirstWave: boolean;
    readonly isFleetIdle: boolean;
  };

/** The next thing to do, and the new value of {@link HostNow.hasRejoined}. */
export interface NextDecision {
  readonly next: Next;
  readonly hasRejoined: boolean;
}

/** Decides what to do next. */
export function decideNext(now: HostNow, reading: CensusReading): NextDecision {
  const { host, service } = now;
  const { census } = reading;
  if (reading.service === null || !isRegistered(now, reading)) {
    const next: Next = { kind: "register", isNamesake: census.own !== null };
    return { next, hasRejoined: now.hasRejoined };
  }
  const isCounted = census.wave?.service !== service || census.counts !== null;
  if (!isCounted && reading.view === null) {
    // A wave of an earlier version of this program, whose hosts nobody counts.
    return { next: { kind: "look_around" }, hasRejoined: now.hasRejoined };
  }
  const drain = decideDrainStep(census.roster, now.drain);
  if (drain !== null) return { next: drain, hasRejoined: now.hasRejoined };
  const failed = failedUnderWatch(now, reading);
  if (failed !== null) return { next: failed, hasRejoined: now.hasRejoined };
  if (isRollBackDue(census, now)) {
    return { next: { kind: "roll_back" }, hasRejoined: now.hasRejoined };
  }
  const watch = now.gate ?? null;
  const gate = decideGate(census, { service, host, watch });
  if (census.wave !== null && gate.kind === "opens") {
    const next: Next = { kind: "open_gate", wave: census.wave, how: gate.how };
    return { next, hasRejoined: now.hasRejoined };
  }
  if (gate.kind === "halts") {
    return { next: { kind: "halt", reason: gate.reason }, hasRejoined: now.hasRejoined };
  }
  const { goal, hasRejoined } = decideGoal({
    host,
    service: reading.service.entry,
    offer: reading.offer,
    census,
    view: reading.view,
    waves: reading.waves,
    running: now.running,
    isServing: now.isServing,
    hasRejoined: now.hasRejoined,
    unstarted: now.unstarted,
  });
  const after = (next: Next): NextDecision => ({ next, hasRejoined });
  switch (goal.kind) {
    case "look_around":
      return after({ kind: "look_around" });
    case "return_slot": {
      const slot = census.slots.get(host)?.slot;
      return after(
        slot === undefined ? rest(now, reading, null) : { kind: "give_slot_back", slot },
      );
    }
    case "stay":
      return after(rest(now, reading, goal.waitingFor));
    case "start":
    case "catch_up":
    case "roll": {
      const { version, infoHash, restart } = goal;
      const wanted: Wanted = { version, infoHash, restart };
      if (now.ready === null || !isSameRelease(now.ready, wanted)) {
        const failed = failedPreparation(now, reading, { wanted, goal: goal.kind });
        return after(failed ?? { kind: "prepare", ...wanted, leavesQueue: goal.kind === "roll" });
      }
      if (goal.kind === "start") return after(goal);
      const own = census.slots.get(host)?.slot;
      if (own !== undefined && isFailureOf(own, { release: wanted, cause: "preparation" })) {
        return after({ kind: "give_slot_back", slot: own });
      }
      if (goal.kind === "catch_up") {
        return after(askForSlot(now, reading, { wanted, catchUp: true }));
      }
      if (!isQueued(now, wanted)) {
        const isBelowQuorum = census.wave?.service === service && !isQuorumMet(census);
        return after({ kind: "join_queue", ...wanted, isBelowQuorum });
      }
      return after(askForSlot(now, reading, { wanted, catchUp: false }));
    }
  }
}

/**
 * The record of a release that is not ready in time; `null` while it may still come, or if the record stands. What a host has to
 * start on which nothing runs counts only where a wave waits for it: else nobody does.
 */
function failedPreparation(
  { host, unprepared }: HostNow,
  { census, waves }: CensusReading,
  { wanted, goal }: { readonly wanted: Wanted; readonly goal: "start" | "catch_up" | "roll" },
): Next | null {
  if (unprepared === null || !isSameRelease(unprepared, wanted)) return null;
  const own = census.slots.get(host)?.slot;
  // The slot of a switch that was dropped stands as long as its host is down, and says more than a record would.
  const stands = isHeld(own) || isFailureOf(own, { release: wanted, cause: "preparation" });
  if (stands) return null;
  const wave = waves.find((one) => covers(one, host) && isSameRelease(one, wanted));
  if (goal === "start" && wave === undefined) return null;
  const { reason } = unprepared;
  return {
    kind: "record_failure",
    ...wanted,
    cause: "preparation",
    reason,
    wave: wave?.node ?? null,
  };
}

/** The record of a release that has failed after its switch; `null` if it has not, nobody watches it, or the record stands. */
function failedUnderWatch({ host, trouble }: HostNow, reading: CensusReading): Next | null {
  if (trouble === null || !isWatched(reading, trouble.release, trouble.ranMs)) return null;
  const { release, reason } = trouble;
  const own = reading.census.slots.get(host)?.slot;
  if (isHeld(own) || isFailureOf(own, { release, cause: "watch" })) return null;
  const wave = reading.waves.find((one) => covers(one, host) && isSameRelease(one, release));
  return { kind: "record_failure", ...release, cause: "watch", reason, wave: wave?.node ?? null };
}

/** Whether the entry under the host's name is its own. */
export function isRegistered({ identity }: HostNow, { census: { own } }: CensusReading): boolean {
  return own !== null && isOfSameAgent(own, identity);
}

/**
 * Whether the host's entry in the tree says what is true of its service. It may be late, after a restart of the agent too: by an
 * old entry that says down, the host would be admitted past the budget.
 */
export function isEntryTrue({ isServing }: HostNow, { census: { own } }: CensusReading): boolean {
  return (own?.state === "serving") === isServing;
}

/** Whether the host is in the staging queue with that release. */
function isQueued({ place }: HostNow, release: ReleaseIdentity): boolean {
  return place !== null && place !== undefined && place.stands &&
    isSameRelease(place.release, release);
}

function askForSlot(
  now: HostNow,
  reading: CensusReading,
  { wanted, catchUp }: { readonly wanted: Wanted; readonly catchUp: boolean },
): Next {
  const { host, service, place } = now;
  if (!isEntryTrue(now, reading)) return { kind: "await_entry" };
  const behind = place?.behind ?? null;
  const gateSinceMs = now.gate?.sinceMs ?? null;
  const { wallTimeMs } = now;
  const request = { host, service, ...wanted, catchUp, behind, gateSinceMs, wallTimeMs };
  const admission = decideAdmission(reading.census, request);
  if (admission.admit) {
    const { wave } = admission;
    const opening = wave === null ? null : reading.opening;
    // Who is counted is a matter of nodes that anybody can make. So who opens a wave goes by the entries of all hosts, and so
    // does everybody while more are counted than can be.
    const isByNames = reading.view !== null;
    if (!isByNames && (opening !== null || isMiscounted(reading.census))) {
      return { kind: "look_around" };
    }
    return { kind: "take_slot", ...wanted, wave, opening };
  }
  const { admit: _, ...why } = admission;
  // Who would end the wave that goes before may have been left out, and be away.
  const isEarlierOver = !catchUp && reading.census.wave?.service === service &&
    decideFinish(reading.census) === "finished";
  // By entries, as in `rest`.
  if (isEarlierOver && reading.view === null) return { kind: "look_around" };
  if (isEarlierOver) return { kind: "end_wave", waitingFor: why.waitingFor };
  const yields = !catchUp && why.area !== undefined && (now.mayYield ?? false);
  const next = { kind: "wait", ...wanted, ...why, isQueued: !catchUp } as const;
  return yields ? { ...next, yields } : next;
}

/** The host itself has nothing to do: it leaves the queue, or ends the wave if that is over. */
function rest(now: HostNow, reading: CensusReading, waitingFor: string | null): Next {
  if (now.place !== null) return { kind: "leave_queue" };
  const isFirstWave = reading.census.wave?.service === now.service;
  const finish = isFirstWave ? decideFinish(reading.census) : "going_on";
  // By its entries, and not by the nodes that anybody can make by which hosts are counted.
  if (finish === "finished" && reading.view !== null) return { kind: "end_wave", waitingFor };
  if (finish !== "going_on") return { kind: "look_around" };
  return { kind: "rest", waitingFor, isFirstWave, isFleetIdle: reading.waves.length === 0 };
}
