/**
 * What a run will do, drawn from its seed before it begins: how the fleet is set up, which faults happen when, and what the
 * operator does. Pure. What the processes do in between is up to the machine, so two runs of a seed differ.
 *
 * @module
 */

import { RandomStream } from "../simulation/fleet/random.ts";

/** Faults of one host. At most one of them is on at a time on each host. */
export const HOST_FAULTS = [
  /** SIGKILL of the agent, which is started again later. */
  "agent_kill",
  /** SIGSTOP of the agent for longer than its session lasts, then SIGCONT. */
  "agent_freeze",
  /** The agent, its services and its pin keepers are killed at once; later the agent is started. */
  "power_cut",
  /** The host's data folder has no byte left. */
  "disk_full",
  /** The service answers that it is unwell. */
  "unhealthy",
  /** No packet passes between the host and the others. */
  "network_cut",
] as const;
/** A fault of one host. */
export type HostFaultKind = (typeof HOST_FAULTS)[number];

/** What the operator does beside rolling out one version after the other. */
export const VERBS = ["pause", "abort", "start_beside"] as const;
/** One of these. */
export type Verb = (typeof VERBS)[number];

/** Everything that happens by plan. */
export const EVENT_KINDS = [...HOST_FAULTS, "leader_kill", ...VERBS] as const;
/** One of these. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** A fault, or an order of the operator. */
export interface PlannedEvent {
  readonly kind: EventKind;
  /** When it begins, milliseconds since the faults began. */
  readonly atMs: number;
  /** How long it lasts; 0 for what is over at once. */
  readonly forMs: number;
  /** The host, for faults of a host. */
  readonly host: string | null;
  /** Whether a host that is switching takes its place, if there is one within a moment: that is when a fault hurts most. */
  readonly isAimed: boolean;
}

/** The policy of one rollout, as a plan writes it. */
export interface PlannedPolicy {
  readonly quorum: `${number}%`;
  readonly maxUnavailable: number;
  readonly maxConcurrent: number;
  readonly maxFailures: number;
  readonly bakeTime: `${number}ms`;
  readonly health: {
    readonly deadline: `${number}s`;
    readonly interval: "100ms";
    readonly successes: 1;
  };
}

/** A run as it was drawn. */
export interface Schedule {
  readonly seed: number;
  readonly hosts: readonly string[];
  readonly kinds: readonly EventKind[];
  /** How long faults are made, milliseconds. */
  readonly faultsMs: number;
  /** How long the drain hook takes on every host, seconds. */
  readonly drainSeconds: number;
  /** In the order of their beginnings. */
  readonly events: readonly PlannedEvent[];
  /** Policies of the rollouts, one after the other; then from the beginning. */
  readonly policies: readonly PlannedPolicy[];
}

/** What a schedule is drawn for. */
export interface ScheduleOptions {
  readonly seed: number;
  readonly hostCount: number;
  readonly faultsMs: number;
  /** What may happen. */
  readonly kinds: readonly EventKind[];
}

/** The session time-out of every agent, milliseconds. */
export const SESSION_MS = 2_000;

/** How often each kind is drawn, beside the others. */
const WEIGHTS: Readonly<Record<EventKind, number>> = {
  agent_kill: 4,
  agent_freeze: 3,
  power_cut: 3,
  disk_full: 2,
  unhealthy: 3,
  network_cut: 3,
  leader_kill: 2,
  pause: 2,
  abort: 1,
  start_beside: 0.5,
};

/** From and to, milliseconds. A freeze is longer than a session, so that the host's place in the tree is gone afterwards. */
const DURATIONS: Readonly<Record<EventKind, readonly [number, number]>> = {
  agent_kill: [100, 6_000],
  agent_freeze: [SESSION_MS + 1_000, 9_000],
  power_cut: [200, 8_000],
  disk_full: [2_000, 10_000],
  unhealthy: [300, 5_000],
  network_cut: [500, 9_000],
  leader_kill: [500, 6_000],
  pause: [500, 5_000],
  abort: [0, 0],
  start_beside: [0, 0],
};

/** From and to between the beginnings of two events, milliseconds. */
const GAP_MS = [300, 4_000] as const;
/** Time between two faults of a host. */
const REST_MS = 1_000;
/** Time between two orders of the operator, and between two leaders' deaths: rollouts should also come to their end. */
const OPERATOR_REST_MS = 5_000;
/** The share of the hosts that may have a fault at a time; more would let no rollout go on. */
const SICK_SHARE = 0.25;
/** The share of the faults of hosts that are aimed at one that is switching. */
const AIMED_SHARE = 0.6;
const POLICY_COUNT = 8;

/** Draws a run. */
export function drawSchedule({ seed, hostCount, faultsMs, kinds }: ScheduleOptions): Schedule {
  const random = new RandomStream(seed);
  const hosts = Array.from({ length: hostCount }, (_, index) => `web-${index + 1}`);
  return {
    seed,
    hosts,
    kinds,
    faultsMs,
    drainSeconds: random.fork("drain").pick([0, 0.5, 2]),
    events: drawEvents(random.fork("events"), { hosts, faultsMs, kinds }),
    policies: Array.from(
      { length: POLICY_COUNT },
      (_, index) => drawPolicy(random.fork(`policy ${index}`), hostCount),
    ),
  };
}

function drawEvents(
  random: RandomStream,
  { hosts, faultsMs, kinds }: Pick<Schedule, "hosts" | "faultsMs" | "kinds">,
): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  /** When each host, the ensemble and the operator are free again. */
  const freeMs = new Map<string, number>();
  const mostSick = Math.max(1, Math.floor(hosts.length * SICK_SHARE));
  for (let atMs = 0;;) {
    atMs += Math.round(random.spread(...GAP_MS));
    if (atMs >= faultsMs || kinds.length === 0) return events;
    const kind = pickKind(random, kinds);
    const [least, most] = DURATIONS[kind];
    const forMs = most === 0 ? 0 : Math.round(random.spread(least, most));
    const isOfHost = (HOST_FAULTS as readonly string[]).includes(kind);
    const sick = hosts.filter((host) => (freeMs.get(host) ?? 0) > atMs);
    if (isOfHost && sick.length >= mostSick) continue;
    const host = isOfHost ? random.pick(hosts.filter((one) => !sick.includes(one))) : null;
    const place = host ?? (kind === "leader_kill" ? "ensemble" : "operator");
    if ((freeMs.get(place) ?? 0) > atMs) continue;
    freeMs.set(place, atMs + forMs + (isOfHost ? REST_MS : OPERATOR_REST_MS));
    const isAimed = isOfHost && random.chance(AIMED_SHARE);
    events.push({ kind, atMs, forMs, host, isAimed });
  }
}

function pickKind(random: RandomStream, kinds: readonly EventKind[]): EventKind {
  // Each kind as often as it weighs, in hundredths.
  const lots = kinds.flatMap((kind) => new Array<EventKind>(WEIGHTS[kind] * 100).fill(kind));
  return random.pick(lots);
}

function drawPolicy(random: RandomStream, hostCount: number): PlannedPolicy {
  const maxUnavailable = random.between(1, Math.max(1, Math.floor(hostCount / 3)));
  return {
    quorum: `${random.pick([50, 60, 75])}%`,
    maxUnavailable,
    maxConcurrent: random.between(1, Math.min(3, maxUnavailable)),
    maxFailures: random.between(0, 2),
    bakeTime: `${random.between(0, 500)}ms`,
    health: { deadline: `${random.between(3, 8)}s`, interval: "100ms", successes: 1 },
  };
}
