/**
 * The outcome of a demo, as one object: what `--json` prints, and what the tables at the end are made of. Pure.
 *
 * @module
 */

import type { AgentKill } from "./agent_kill.ts";
import { type FleetHost, leastTraffic, type ServiceName } from "./fleet_layout.ts";
import { checkInvariants, type Invariants } from "./invariants.ts";
import type { QuorumObservation } from "./quorum_watch.ts";
import type { Release } from "./releases.ts";
import type { ServiceObservation } from "./sampler.ts";
import { findHost, type FleetSnapshot } from "./snapshot.ts";
import { add, NOTHING, type ReceivedBytes, sum } from "./traffic.ts";
import { ratio } from "./units.ts";
import type { Verdict } from "./verification.ts";

/** One service on one host at the end. */
export interface HostReport {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  readonly service: ServiceName;
  /** As the service itself says. */
  readonly version: string | null;
  readonly state: string | null;
  /** Bytes of both releases that the host says it holds locked in memory. */
  readonly pinnedBytes: number;
  /** Bytes of the v2 release by how far their sender was, and those that were on the host already. */
  readonly received: ReceivedBytes;
}

/** How the rollout of v2 went, seen from outside. */
export interface RolloutReport {
  /** Services in the order in which their first host ran v2. */
  readonly order: readonly ServiceName[];
  readonly maxConcurrentDown: Readonly<Record<ServiceName, number>>;
  readonly longestOutageMs: Readonly<Record<ServiceName, number>>;
  readonly probesCount: number;
  readonly durationMs: number;
}

/** Where the bytes of the v2 releases came from. */
export interface DistributionReport {
  /** Size of the v2 releases of both services together. */
  readonly releaseBytes: number;
  /** What all hosts received. */
  readonly bytes: number;
  /** What all hosts found in v1 on their own disks. */
  readonly reusedBytes: number;
  /** Between sites. */
  readonly crossSiteBytes: number;
  readonly crossSiteOptimumBytes: number;
  /** `null`: nothing had to cross. */
  readonly crossSiteRatio: number | null;
  /** Between racks, whether in one site or in two. */
  readonly crossRackBytes: number;
  readonly crossRackOptimumBytes: number;
  readonly crossRackRatio: number | null;
}

/** The agent that was killed, with what its host runs at the end. */
export interface KilledAgent extends AgentKill {
  /** The versions that the fleet has taken its services to. */
  readonly rejoinedOn: Readonly<Record<ServiceName, string | null>>;
}

/** A look inside one agent at the end, with `rollcall actors`. */
export interface Inside {
  readonly host: string;
  readonly actorsCount: number;
}

/** The outcome of a demo. Parts that were not reached are `null`. */
export interface DemoReport {
  readonly ok: boolean;
  readonly hosts: readonly HostReport[];
  readonly rollout: RolloutReport | null;
  readonly distribution: DistributionReport | null;
  readonly memory: {
    /** As the hosts say. */
    readonly pinnedBytes: number;
    /** As the kernel says (`VmLck`). */
    readonly lockedBytes: number;
  } | null;
  readonly killed: KilledAgent | null;
  readonly inside: Inside | null;
  readonly invariants: Invariants | null;
  readonly problems: readonly string[];
  readonly timings: Readonly<Record<string, number>>;
}

/** All that was measured in a demo that went through. */
export interface Measurements {
  readonly hosts: readonly FleetHost[];
  /** Of v2. */
  readonly releases: readonly Release[];
  readonly verdicts: readonly Verdict[];
  readonly snapshot: FleetSnapshot;
  readonly received: (of: { service: string; host: string; version: string }) => ReceivedBytes;
  readonly observations: Readonly<Record<ServiceName, ServiceObservation>>;
  readonly order: readonly ServiceName[];
  /** When the first and the last host had v2 running. */
  readonly takeovers: Readonly<Record<ServiceName, { firstMs: number; lastMs: number } | null>>;
  readonly quorums: Readonly<Record<ServiceName, QuorumObservation | null>>;
  readonly durationMs: number;
  readonly lockedBytes: number;
  readonly killed: AgentKill | null;
  readonly inside: Inside;
  readonly timings: Readonly<Record<string, number>>;
}

/** Makes the report of a demo that went through; `ok` says whether all invariants held. */
export function makeReport(measured: Measurements): DemoReport {
  const { observations } = measured;
  const hosts = measured.verdicts.map((verdict) => reportHost(verdict, measured));
  const { invariants, problems } = checkInvariants(measured);
  return {
    ok: problems.length === 0,
    hosts,
    rollout: {
      order: measured.order,
      maxConcurrentDown: perService((service) => observations[service].maxConcurrentDown),
      longestOutageMs: perService((service) => observations[service].longestOutageMs),
      probesCount: observations.A.probesCount + observations.B.probesCount,
      durationMs: Math.round(measured.durationMs),
    },
    distribution: reportDistribution(measured, hosts),
    memory: {
      pinnedBytes: hosts.reduce((total, { pinnedBytes }) => total + pinnedBytes, 0),
      lockedBytes: measured.lockedBytes,
    },
    killed: measured.killed === null ? null : withEnd(measured.killed, measured.snapshot),
    inside: measured.inside,
    invariants,
    problems,
    timings: measured.timings,
  };
}

/** The report of a demo that could not go on. */
export function makeFailureReport(
  problems: readonly string[],
  timings: Readonly<Record<string, number>>,
): DemoReport {
  return {
    ok: false,
    hosts: [],
    rollout: null,
    distribution: null,
    memory: null,
    killed: null,
    inside: null,
    invariants: null,
    problems,
    timings,
  };
}

/** A report with more problems than were known when it was made. */
export function addProblems(report: DemoReport, problems: readonly string[]): DemoReport {
  if (problems.length === 0) return report;
  return { ...report, ok: false, problems: [...report.problems, ...problems] };
}

/** One value for each service. */
export function perService<T>(value: (service: ServiceName) => T): Record<ServiceName, T> {
  return { A: value("A"), B: value("B") };
}

function reportHost({ endpoint, version }: Verdict, measured: Measurements): HostReport {
  const { service, host } = endpoint;
  const place = measured.hosts.find(({ name }) => name === host);
  const entry = findHost(measured.snapshot, endpoint);
  return {
    host,
    site: place?.site ?? "",
    rack: place?.rack ?? "",
    service,
    version,
    state: entry?.state ?? null,
    pinnedBytes: entry?.pinnedBytes ?? 0,
    received: measured.received({ service, host, version: "v2" }),
  };
}

function reportDistribution(
  { hosts: places, releases }: Measurements,
  hosts: readonly HostReport[],
): DistributionReport {
  const received = hosts.reduce((total, host) => add(total, host.received), NOTHING);
  const releaseBytes = releases.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const least = leastTraffic(places, releaseBytes);
  const crossSiteBytes = received.remoteBytes;
  const crossRackBytes = received.siteBytes + received.remoteBytes;
  return {
    releaseBytes,
    bytes: sum(received),
    reusedBytes: received.reusedBytes,
    crossSiteBytes,
    crossSiteOptimumBytes: least.crossSiteBytes,
    crossSiteRatio: ratio(crossSiteBytes, least.crossSiteBytes),
    crossRackBytes,
    crossRackOptimumBytes: least.crossRackBytes,
    crossRackRatio: ratio(crossRackBytes, least.crossRackBytes),
  };
}

function withEnd(killed: AgentKill, snapshot: FleetSnapshot): KilledAgent {
  const { host } = killed;
  return {
    ...killed,
    rejoinedOn: perService((service) => findHost(snapshot, { service, host })?.version ?? null),
  };
}
