/**
 * The outcome of a demo as one object, which `--json` prints and from which the tables at the end are made. Pure.
 *
 * @module
 */

import { totalBytes } from "../../base/locality.ts";
import type { AgentKill } from "./agent_kill.ts";
import { type DemoHost, leastTraffic, type ServiceName } from "./fleet_layout.ts";
import { checkInvariants, type Invariants } from "./invariants.ts";
import type { QuorumObservation } from "./quorum_watch.ts";
import type { DemoRelease } from "./releases.ts";
import type { ServiceObservation } from "./sampler.ts";
import { findHost, type FleetSnapshot } from "./snapshot.ts";
import { add, NOTHING, type ReceivedBytes } from "./traffic.ts";
import type { Verdict } from "./verification.ts";

/** One service on one host at the end of the demo. */
export interface HostReport {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  readonly service: ServiceName;
  /** The version that the service itself reports. */
  readonly version: string | null;
  readonly state: string | null;
  /** Bytes of both releases that the host reports to have locked in memory. */
  readonly pinnedBytes: number;
  /** Bytes of the v2 release by the distance of their sender, and those that were on the host already. */
  readonly received: ReceivedBytes;
}

/** How the rollout of v2 went, as seen from outside. */
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
  /** Bytes that all hosts have received. */
  readonly bytes: number;
  /** Bytes that all hosts have reused from v1 on their own disks. */
  readonly reusedBytes: number;
  /** Between sites. */
  readonly crossSiteBytes: number;
  readonly crossSiteOptimumBytes: number;
  /** `null` when nothing had to cross. */
  readonly crossSiteRatio: number | null;
  /** Between racks, whether in one site or in two. */
  readonly crossRackBytes: number;
  readonly crossRackOptimumBytes: number;
  readonly crossRackRatio: number | null;
}

/** The agent that was killed, and what its host runs at the end. */
export interface KilledAgent extends AgentKill {
  /** The versions that its services run at the end. */
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
    /** What the hosts report. */
    readonly pinnedBytes: number;
    /** What the kernel reports (`VmLck`). */
    readonly lockedBytes: number;
  } | null;
  readonly killed: KilledAgent | null;
  readonly inside: Inside | null;
  readonly invariants: Invariants | null;
  readonly problems: readonly string[];
  readonly timings: Readonly<Record<string, number>>;
}

/** All that was measured in a demo that came to its end. */
export interface Measurements {
  readonly hosts: readonly DemoHost[];
  /** Of v2. */
  readonly releases: readonly DemoRelease[];
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

/** Makes the report of a demo that came to its end; `ok` says whether all invariants held. */
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

/** Adds problems that were found after a report was made. */
export function addProblems(report: DemoReport, problems: readonly string[]): DemoReport {
  if (problems.length === 0) return report;
  return { ...report, ok: false, problems: [...report.problems, ...problems] };
}

/** Computes one value for each service. */
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
    bytes: totalBytes(received),
    reusedBytes: received.reusedBytes,
    crossSiteBytes,
    crossSiteOptimumBytes: least.crossSiteBytes,
    crossSiteRatio: ratio(crossSiteBytes, least.crossSiteBytes),
    crossRackBytes,
    crossRackOptimumBytes: least.crossRackBytes,
    crossRackRatio: ratio(crossRackBytes, least.crossRackBytes),
  };
}

/** How many times the least possible, to two digits; `null` when nothing had to move. */
export function ratio(sizeBytes: number, leastBytes: number): number | null {
  return leastBytes === 0 ? null : Math.round((sizeBytes / leastBytes) * 100) / 100;
}

/** The kill, and what the host runs at the end. */
function withEnd(killed: AgentKill, snapshot: FleetSnapshot): KilledAgent {
  const { host } = killed;
  return {
    ...killed,
    rejoinedOn: perService((service) => findHost(snapshot, { service, host })?.version ?? null),
  };
}
