/**
 * What a plan would do to the fleet as it is now, wave by wave. Pure. It is for people: hosts come and go while a rollout
 * runs, and each host decides anew.
 *
 * @module
 */

import type { Drained, Release, Slot } from "./entries.ts";
import type { PlannedService, PlannedWave } from "./planned.ts";
import { budgetHosts, type Policy, quorumHosts } from "./policy.ts";
import { isSameRelease } from "./release_identity.ts";
import { isHeld, slotTarget } from "./slot.ts";

/** A host of a service, as it is now. */
export interface ForecastHost {
  readonly host: string;
  readonly site: string;
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
}

/** What one wave would do. */
export interface WaveForecast {
  readonly service: string;
  readonly version: string;
  /** Hosts that would switch, or start the version. */
  readonly switching: readonly string[];
  /** Hosts that have the version already, by an earlier wave of the plan or before it. */
  readonly alreadyThere: readonly string[];
  /** Hosts that are offline. They catch up when they come back. */
  readonly offline: readonly string[];
  /** Hosts whose switch to this release has failed before, and why. */
  readonly failedBefore: readonly { readonly host: string; readonly reason: string | null }[];
  /** Hosts that an operator has drained. */
  readonly drained: readonly string[];
  /** How many hosts of the service serve now. */
  readonly servingCount: number;
  /** How many of them would serve at the worst moment, if nothing else happens. */
  readonly leastServingCount: number;
  /** How many hosts would be switching at once; 0: no host that serves can switch now. */
  readonly concurrentCount: number;
  /**
   * The shortest time that the wave can take, in milliseconds: health checks and bake time, one round after the other.
   * Stopping and starting the service comes on top of it.
   */
  readonly leastMs: number;
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
}

/** What a plan would do. */
export interface Forecast {
  readonly waves: readonly WaveForecast[];
  readonly services: readonly ServiceForecast[];
}

/** A checked plan, and the fleet that it meets. */
export interface ForecastRequest {
  readonly services: ReadonlyMap<string, PlannedService>;
  readonly waves: readonly PlannedWave[];
  readonly releases: ReadonlyMap<string, Release>;
  /** Every host of each service: those on the roster. */
  readonly hosts: ReadonlyMap<string, readonly ForecastHost[]>;
}

/** Says what a checked plan would do to the fleet. */
export function forecastPlan(request: ForecastRequest): Forecast {
  const { services, releases, hosts } = request;
  /** By service, the hosts that earlier waves of the plan have brought to the version. */
  const switched = new Map<string, Set<string>>();
  const waves = request.waves.flatMap((wave): WaveForecast[] => {
    const planned = services.get(wave.service);
    const release = releases.get(wave.service);
    if (planned === undefined || release === undefined) return [];
    const before = switched.get(wave.service) ?? new Set<string>();
    const forecast = forecastWave(wave, {
      release,
      policy: planned.policy,
      hosts: hosts.get(wave.service) ?? [],
      before,
    });
    switched.set(wave.service, new Set([...before, ...forecast.switching]));
    return [forecast];
  });
  return {
    waves,
    services: [...services].flatMap(([service, { version }]) => {
      const release = releases.get(service);
      if (release === undefined) return [];
      const lacking = (hosts.get(service) ?? []).filter((host) =>
        host.online && !isSameRelease(host, release)
      );
      const sites = new Set(lacking.map(({ site }) => site));
      sites.delete(release.origin?.site ?? "");
      return [{
        service,
        version,
        sizeBytes: release.sizeBytes,
        lackingCount: lacking.length,
        otherSites: [...sites].toSorted(),
      }];
    }),
  };
}

interface WaveContext {
  readonly release: Release;
  readonly policy: Policy;
  readonly hosts: readonly ForecastHost[];
  /** Hosts that an earlier wave has brought to the version. */
  readonly before: ReadonlySet<string>;
}

function forecastWave(
  wave: PlannedWave,
  { release, policy, hosts, before }: WaveContext,
): WaveForecast {
  const covered = hosts.filter(({ host }) => wave.hosts === null || wave.hosts.includes(host));
  const isThere = (host: ForecastHost) => before.has(host.host) || isSameRelease(host, release);
  const alreadyThere = covered.filter(isThere);
  const missing = covered.filter((host) => !isThere(host));
  const offline = missing.filter(({ online }) => !online);
  const reachable = missing.filter(({ online }) => online);
  const failedBefore = reachable.filter(({ slot }) =>
    slot !== null && !isHeld(slot) && isSameRelease(slotTarget(slot), release)
  );
  const switching = reachable.filter((host) => !failedBefore.includes(host));
  // A host that holds a slot is about to go down, or has gone already: it counts against the budget.
  const serving = hosts.filter(({ state, slot }) =>
    state === "serving" && !isHeld(slot ?? undefined)
  );
  const budgetCount = budgetHosts(policy, hosts.length);
  const awayCount = hosts.length - serving.length;
  const allowedCount = Math.max(0, budgetCount - awayCount);
  const servingAndSwitching = switching.filter((host) => serving.includes(host)).length;
  const concurrentCount = Math.min(policy.maxConcurrent, allowedCount, servingAndSwitching);
  const rounds = servingAndSwitching === 0
    ? Number(switching.length > 0)
    : Math.ceil(servingAndSwitching / Math.max(1, concurrentCount));
  const { health, bakeMs } = policy;
  return {
    service: wave.service,
    version: wave.version,
    switching: names(switching),
    alreadyThere: names(alreadyThere),
    offline: names(offline),
    failedBefore: failedBefore.map(({ host, slot }) => ({ host, reason: slot?.reason ?? null })),
    drained: names(switching.filter(({ drained }) => drained !== null)),
    servingCount: serving.length,
    leastServingCount: serving.length - concurrentCount,
    concurrentCount,
    leastMs: rounds * (health.intervalMs * health.successes + bakeMs),
    warnings: warningsOf(),
  };

  function warningsOf(): string[] {
    const warnings: string[] = [];
    if (missing.length > 0 && reachable.length === 0) {
      warnings.push(
        missing.length === 1
          ? `its only host ${missing[0]?.host} is offline: the wave waits for it`
          : `all of its ${missing.length} hosts are offline: the wave waits for them`,
      );
    } else if (servingAndSwitching > 0 && allowedCount === 0) {
      warnings.push(
        `budget: ${awayCount} of ${budgetCount} hosts are away already ` +
          `(${names(hosts.filter((host) => !serving.includes(host))).join(", ")}): ` +
          "no host that serves can switch before they are back",
      );
    }
    const neededCount = quorumHosts(policy, covered.length);
    const possibleCount = alreadyThere.length + reachable.length;
    if (reachable.length > 0 && possibleCount < neededCount) {
      warnings.push(
        `quorum: ${neededCount} of ${covered.length} hosts have to be ready, but only ` +
          `${possibleCount} are online`,
      );
    }
    return warnings;
  }
}

function names(hosts: readonly ForecastHost[]): string[] {
  return hosts.map(({ host }) => host);
}
