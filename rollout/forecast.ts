/**
 * What a plan would do to the fleet as it is now, wave by wave. Pure. It is for people: hosts come and go while a rollout
 * runs, and each host decides anew.
 *
 * @module
 */

import type { Drained, Release, Slot } from "./entries.ts";
import type { PlannedService, PlannedWave } from "./planned.ts";
import { type DependencyCounts, findDependencyBelowBudget } from "./dependencies.ts";
import { freezeAt, nextFreeze } from "./freeze/mod.ts";
import { paceOf } from "./forecast_pace.ts";
import { type Policy, quorumHosts } from "./policy.ts";
import { countsAsServing } from "./quarantine.ts";
import { isSameRelease } from "./release_identity.ts";
import type { Quarantined } from "./restarts.ts";
import { totalTimeMs } from "./rollout_time.ts";
import { isHeld, slotTarget } from "./slot.ts";
import type { SwitchTimes } from "./switch_times.ts";
import { formatDurationMs } from "./duration.ts";
import { leastGateMs } from "./gate.ts";
import type { Gate } from "./waves/gate_entry.ts";

/** To the minute it is said when a freeze begins. */
const MINUTE_MS = 60_000;

/** A host of a service, as it is now. */
export interface ForecastHost {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  /** Whether its agent has a session. */
  readonly online: boolean;
  readonly state: "serving" | "down";
  /** What it runs; `null` if nothing, or unknown. */
  readonly version: string | null;
  readonly infoHash?: string | null | undefined;
  /** The slot that it holds, or the record of its failure. */
  readonly slot: Slot | null;
  /** An operator's word that it is taken out of service; `null` if there is none. */
  readonly drained: Drained | null;
  /** Why it is not to be counted on; `null` if it is. */
  readonly quarantined: Quarantined | null;
  /** Whether it has never served: then it takes no capacity away. */
  readonly newcomer: boolean;
}

/** What one wave would do. */
export interface WaveForecast {
  readonly service: string;
  readonly version: string;
  /** Hosts that would switch, or start the version. */
  readonly switching: readonly string[];
  /** Hosts that have the version already, by an earlier wave of the plan or before it. */
  readonly alreadyThere: readonly string[];
  /** Hosts that switch without ever having served: they take no capacity away. */
  readonly newcomers: readonly string[];
  /** Hosts that are offline. They catch up when they come back. */
  readonly offline: readonly string[];
  /** Hosts whose switch to this release has failed before, and why. */
  readonly failedBefore: readonly { readonly host: string; readonly reason: string | null }[];
  /** Hosts that an operator has drained. */
  readonly drained: readonly string[];
  /** Hosts in quarantine, and why: they go along with no wave, and catch up once that is over. */
  readonly quarantined: readonly { readonly host: string; readonly reason: string }[];
  /** What has to be open before anybody goes down for it; `null`: nothing. */
  readonly gate: Gate | null;
  /** How many of its hosts may fail before the rollout halts, if the plan says so of the wave; `null`: it does not. */
  readonly maxFailures: number | null;
  /** The services alone whose earlier waves go before it; `null`: all of them. */
  readonly after: readonly string[] | null;
  /** How many hosts of the service serve now. */
  readonly servingCount: number;
  /** How many of them would serve at the worst moment, if nothing else happens. */
  readonly leastServingCount: number;
  /** How many hosts would be switching at once; 0: no host that serves can switch now. */
  readonly concurrentCount: number;
  /**
   * The shortest time that the wave can take once it is next, in milliseconds: its gate, health checks and bake time, one round
   * after the other. Stopping and starting the service comes on top of it, and a gate that a person opens.
   */
  readonly leastMs: number;
  /** The same as far as switches of the service were measured; `null` if none was. */
  readonly expectedMs: number | null;
  /** What keeps the wave from going on as the fleet is now, in words for an operator. */
  readonly warnings: readonly string[];
}

/** What has to be moved for one service. */
export interface ServiceForecast {
  readonly service: string;
  readonly version: string;
  readonly sizeBytes: number;
  /** Hosts that are online and do not run the release. They may have it on their disk from before. */
  readonly lackingCount: number;
  /** Sites with such hosts, that of the build machine left out: so often does the release cross between sites. */
  readonly otherSites: readonly string[];
  /** How many hosts are on its roster, and how many of them serve now. */
  readonly hostCount: number;
  readonly servingCount: number;
  /** How many of them serve at the worst moment of the rollout, if nothing else happens. */
  readonly leastServingCount: number;
  /** What its switches have taken so far; `null` if none was measured. */
  readonly switchTimes: SwitchTimes | null;
}

/** What a plan would do. */
export interface Forecast {
  readonly waves: readonly WaveForecast[];
  readonly services: readonly ServiceForecast[];
  /** The shortest time that it can take, in milliseconds; see {@link WaveForecast.leastMs}. */
  readonly leastMs: number;
  /** How long it takes as far as switches were measured; `null` if not those of each service that switches were. */
  readonly expectedMs: number | null;
}

/** A checked plan, and the fleet that it meets. */
export interface ForecastRequest {
  readonly services: ReadonlyMap<string, PlannedService>;
  readonly waves: readonly PlannedWave[];
  readonly releases: ReadonlyMap<string, Release>;
  /** Every host of each service: those on the roster. */
  readonly hosts: ReadonlyMap<string, readonly ForecastHost[]>;
  /** The policies of services that are not in the plan. Default: none is known. */
  readonly policies?: ReadonlyMap<string, Policy>;
  /** How long switches of each service have taken. Default: nobody has measured any. */
  readonly switchTimes?: ReadonlyMap<string, SwitchTimes>;
  /** What the operator's wall clock shows, ms: for freeze windows. */
  readonly wallTimeMs: number;
}

/** Says what a checked plan would do to the fleet. */
export function forecastPlan(request: ForecastRequest): Forecast {
  const { services, releases, hosts, wallTimeMs, switchTimes = new Map<string, SwitchTimes>() } =
    request;
  /** By service, the hosts that earlier waves of the plan have brought to the version. */
  const switched = new Map<string, Set<string>>();
  const asPlanned = request.waves.flatMap((wave): WaveForecast[] => {
    const planned = services.get(wave.service);
    const release = releases.get(wave.service);
    if (planned === undefined || release === undefined) return [];
    const before = switched.get(wave.service) ?? new Set<string>();
    const forecast = forecastWave(wave, {
      release,
      policy: planned.policy,
      hosts: hosts.get(wave.service) ?? [],
      before,
      switchTimes: switchTimes.get(wave.service) ?? null,
      wallTimeMs,
      dependency: findDependencyBelowBudget(dependenciesOf(planned, request)),
    });
    switched.set(wave.service, new Set([...before, ...forecast.switching]));
    return [forecast];
  });
  const waves = asPlanned.map((wave, index): WaveForecast => {
    const endMs = totalOf(asPlanned.slice(0, index + 1), likelyMs);
    const ahead = describeFreezeAhead(wave, {
      endMs,
      policy: services.get(wave.service)?.policy,
      wallTimeMs,
    });
    return ahead === null ? wave : { ...wave, warnings: [...wave.warnings, ahead] };
  });
  const isMeasured = waves.every(({ expectedMs }) => expectedMs !== null);
  return {
    waves,
    leastMs: totalOf(waves, ({ leastMs }) => leastMs),
    expectedMs: isMeasured ? totalOf(waves, likelyMs) : null,
    services: [...services].flatMap(([service, { version }]) => {
      const release = releases.get(service);
      if (release === undefined) return [];
      const lacking = (hosts.get(service) ?? []).filter((host) =>
        host.online && !isSameRelease(host, release)
      );
      const own = waves.filter((wave) => wave.service === service);
      const sites = new Set(lacking.map(({ site }) => site));
      sites.delete(release.origin?.site ?? "");
      return [{
        service,
        version,
        sizeBytes: release.sizeBytes,
        lackingCount: lacking.length,
        otherSites: [...sites].toSorted(),
        hostCount: hosts.get(service)?.length ?? 0,
        servingCount: own[0]?.servingCount ?? 0,
        leastServingCount: Math.min(...own.map(({ leastServingCount }) => leastServingCount)),
        switchTimes: switchTimes.get(service) ?? null,
      }];
    }),
  };
}

/** How long waves take together. */
function totalOf(
  waves: readonly WaveForecast[],
  takesMs: (wave: WaveForecast) => number,
): number {
  return totalTimeMs(
    waves.map((wave) => ({
      service: wave.service,
      ...(wave.after === null ? {} : { after: wave.after }),
      takesMs: takesMs(wave),
    })),
  );
}

/** How long a wave takes as far as that is known. */
function likelyMs({ leastMs, expectedMs }: WaveForecast): number {
  return expectedMs ?? leastMs;
}

/** A freeze that may begin before the wave is over, in words for an operator; `null`: none does. */
function describeFreezeAhead(
  { switching }: WaveForecast,
  { endMs, policy, wallTimeMs }: {
    readonly endMs: number;
    readonly policy: Policy | undefined;
    readonly wallTimeMs: number;
  },
): string | null {
  if (switching.length === 0) return null;
  const next = nextFreeze(policy?.freeze, wallTimeMs, endMs);
  if (next === null) return null;
  const inMs = Math.ceil(next.inMs / MINUTE_MS) * MINUTE_MS;
  return `a freeze begins in ${formatDurationMs(inMs)}, and may come before the wave is over ` +
    `(${next.words}): who has not begun to switch by then waits`;
}

interface WaveContext {
  readonly release: Release;
  readonly policy: Policy;
  readonly hosts: readonly ForecastHost[];
  /** Hosts that an earlier wave has brought to the version. */
  readonly before: ReadonlySet<string>;
  readonly switchTimes: SwitchTimes | null;
  readonly wallTimeMs: number;
  /** Which service that it depends on has more hosts down than its budget, in words; `null`: none. */
  readonly dependency: string | null;
}

/** The services that a planned one depends on, counted as the fleet is now. Of one with no policy nothing is known. */
function dependenciesOf(
  { dependsOn }: PlannedService,
  { services, hosts, policies = new Map<string, Policy>() }: ForecastRequest,
): DependencyCounts[] {
  return dependsOn.flatMap((service) => {
    const policy = services.get(service)?.policy ?? policies.get(service);
    if (policy === undefined) return [];
    const all = hosts.get(service) ?? [];
    const members = all.filter(({ newcomer }) => !newcomer);
    return [{
      service,
      policy,
      rosterCount: all.length,
      newcomerCount: all.length - members.length,
      servingCount: members.filter(isServing).length,
      slotsVersion: null,
    }];
  });
}

/** Whether a host is to be counted on, if it is no newcomer. */
function isServing({ state, quarantined, drained }: ForecastHost): boolean {
  return countsAsServing({ state, quarantined: quarantined ?? undefined }) && drained === null;
}

function forecastWave(
  wave: PlannedWave,
  { release, policy, hosts, before, switchTimes, wallTimeMs, dependency }: WaveContext,
): WaveForecast {
  const covered = hosts.filter(({ host }) => wave.hosts === null || wave.hosts.includes(host));
  const isThere = (host: ForecastHost) => before.has(host.host) || isSameRelease(host, release);
  const alreadyThere = covered.filter(isThere);
  const missing = covered.filter((host) => !isThere(host));
  const offline = missing.filter(({ online }) => !online);
  const quarantined = missing.filter((host) => host.online && host.quarantined !== null);
  const reachable = missing.filter((host) => host.online && host.quarantined === null);
  const failedBefore = reachable.filter(({ slot }) =>
    slot !== null && !isHeld(slot) && isSameRelease(slotTarget(slot), release)
  );
  const switching = reachable.filter((host) => !failedBefore.includes(host));
  // A host that holds a slot is about to go down, or has gone already: it counts against the budget.
  const members = hosts.filter(({ newcomer }) => !newcomer);
  const serving = members.filter((host) => isServing(host) && !isHeld(host.slot ?? undefined));
  const { concurrentCount, rounds, blocked } = paceOf(policy, { members, serving, switching });
  const { health, bakeMs } = policy;
  const gateMs = leastGateMs(wave.gate ?? null);
  const expectedMs = rounds === 0
    ? gateMs
    : switchTimes === null
    ? null
    : gateMs + rounds * (switchTimes.medianMs + bakeMs);
  return {
    service: wave.service,
    version: wave.version,
    switching: names(switching),
    alreadyThere: names(alreadyThere),
    newcomers: names(switching.filter(({ newcomer }) => newcomer)),
    offline: names(offline),
    failedBefore: failedBefore.map(({ host, slot }) => ({ host, reason: slot?.reason ?? null })),
    drained: names(switching.filter(({ drained }) => drained !== null)),
    quarantined: quarantined.map(({ host, quarantined: why }) => ({
      host,
      reason: why?.reason ?? "",
    })),
    gate: wave.gate ?? null,
    maxFailures: wave.maxFailures ?? null,
    after: wave.after ?? null,
    servingCount: serving.length,
    leastServingCount: serving.length - concurrentCount,
    concurrentCount,
    leastMs: gateMs + rounds * (health.intervalMs * health.successes + bakeMs),
    expectedMs,
    warnings: warningsOf(),
  };

  function warningsOf(): string[] {
    const warnings: string[] = [];
    const freeze = freezeAt(policy.freeze, wallTimeMs);
    if (freeze !== null && missing.length > 0) {
      warnings.push(
        `${freeze.words}: its hosts get ready, and none begins to switch before ` +
          "(to switch at once: rollout start --ignore-freeze REASON)",
      );
    }
    if (missing.length > 0 && reachable.length === 0) {
      const who = missing.length === 1
        ? `its only host ${missing[0]?.host}`
        : `each of its ${missing.length} hosts`;
      const why = offline.length === missing.length
        ? "is offline"
        : offline.length === 0
        ? "is in quarantine"
        : "is offline or in quarantine";
      warnings.push(
        `${who} ${why}: the wave waits, and the rollout halts after ` +
          formatDurationMs(policy.progressDeadlineMs),
      );
    } else {
      warnings.push(...blocked);
    }
    if (reachable.length > 0 && dependency !== null) {
      warnings.push(`${dependency}: no host switches before it has recovered`);
    }
    const takingPartCount = covered.length - (wave.hosts === null ? quarantined.length : 0);
    const neededCount = quorumHosts(policy, takingPartCount);
    const possibleCount = alreadyThere.length + reachable.length;
    if (reachable.length > 0 && possibleCount < neededCount) {
      warnings.push(
        `quorum: ${neededCount} of ${takingPartCount} hosts have to be ready, but only ` +
          `${possibleCount} are online`,
      );
    }
    return warnings;
  }
}

function names(hosts: readonly ForecastHost[]): string[] {
  return hosts.map(({ host }) => host);
}
