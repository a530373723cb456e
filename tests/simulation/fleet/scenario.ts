/**
 * What one run is about, drawn from its seed before it begins: the fleet, its services and policies, the rollouts, and
 * the faults. A scenario is data, so that a part of it can be left out to find out whether it matters.
 *
 * @module
 */

import type { ServiceConfig } from "../../../actors/config/agent_config.ts";
import type { Plan, Release, WaveList } from "../../../rollout/mod.ts";
import { drawFaults, type Fault, type FaultKind } from "./faults.ts";
import { drawFreeze, type FrozenTime, windowsOf } from "./freeze_truth.ts";
import { RandomStream } from "./random.ts";
import { publish } from "./releases.ts";

/** The wall time at which all runs begin. */
export const EPOCH_MS = 1_700_000_000_000;

/** One host of the fleet. */
export interface PlannedHost {
  readonly name: string;
  readonly rack: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly services: readonly string[];
  /** How wrong its wall clock is, in ms. */
  readonly wallSkewMs: number;
}

/** One service of the fleet. */
export interface PlannedService {
  readonly name: string;
  readonly dependsOn: readonly string[];
  /** Whether what it depends on has to have baked. */
  readonly isBakedAfter: boolean;
  readonly hasBlob: boolean;
  readonly isPinned: boolean;
  readonly hasDrain: boolean;
  /** When it counts as well, and after how many failed checks it is started again. */
  readonly health: Pick<
    ServiceConfig,
    "failureThreshold" | "successThreshold" | "minHealthyTime" | "restartAfterFailedChecks"
  >;
  readonly policy: NonNullable<Plan["services"][string]["policy"]>;
  /** The first hosts of it; null if all go at once. */
  readonly canary: readonly string[] | null;
  /** Its waves as a plan lists them; null if there are none but the canary. */
  readonly waves: WaveList | null;
  /** When it is frozen; null: never. */
  readonly frozen: FrozenTime | null;
}

/** A run before it begins. */
export interface Scenario {
  readonly seed: number;
  readonly serverCount: number;
  readonly hosts: readonly PlannedHost[];
  readonly services: readonly PlannedService[];
  /** Whether services that have nothing to do with each other go at the same time. */
  readonly isParallel: boolean;
  /** Whether a rollout that is halted is to be rolled back. */
  readonly onFailure: NonNullable<Plan["onFailure"]>;
  /** How many hosts may fail in a rollout on all services together; null: the plan does not say. */
  readonly maxFailures: number | null;
  /** Whether an operator has rollouts go on while a service is frozen. */
  readonly ignoresFreeze: boolean;
  readonly adminSkewMs: number;
  readonly faults: readonly Fault[];
}

/** What a scenario may be. */
export interface ScenarioLimits {
  readonly seed: number;
  /** Default: one to twelve, most often a few, and in one of 500 runs two hundred. */
  readonly hostCount?: number | undefined;
  /** Default: one to three, of a large fleet one. */
  readonly serviceCount?: number | undefined;
  readonly kinds: readonly FaultKind[];
}

/** How many hosts a large fleet has, and how many of the runs have one: each costs as much as a hundred others. */
const LARGE_COUNT = 200;
const LARGE_SHARE = 1 / 500;

/** Draws a scenario. */
export function drawScenario({ seed, hostCount, serviceCount, kinds }: ScenarioLimits): Scenario {
  const random = new RandomStream(seed).fork("scenario");
  const usualCount = random.pick([1, 2, 3, 3, 3, 4, 4, 5, 5, 6, 8, 12]);
  const isLarge = random.fork("size").chance(LARGE_SHARE);
  const count = hostCount ?? (isLarge ? LARGE_COUNT : usualCount);
  const usualServices = random.pick([1, 1, 1, 2, 2, 3]);
  const serviceNames = ["A", "B", "C"].slice(
    0,
    serviceCount ?? (count >= LARGE_COUNT ? 1 : usualServices),
  );
  const rackCount = random.between(1, Math.min(3, count));
  const hosts = Array.from({ length: count }, (_, index): PlannedHost => ({
    name: `web-${index + 1}`,
    rack: `r${(index % rackCount) + 1}`,
    labels: { tier: index % 2 === 0 ? "odd" : "even" },
    services: serviceNames,
    wallSkewMs: random.chance(0.3) ? random.between(-600_000, 600_000) : random.between(-500, 500),
  }));
  const names = hosts.map(({ name }) => name);
  const shares = random.fork("waves");
  const services = serviceNames.map((name, index): PlannedService =>
    withFreeze(
      random.fork(`freeze of ${name}`),
      withWaves(shares, {
        name,
        dependsOn: index > 0 && random.chance(0.7) ? [serviceNames[index - 1] ?? ""] : [],
        hasBlob: random.chance(0.7),
        isPinned: random.chance(0.3),
        hasDrain: random.chance(0.3),
        health: drawHealth(random.fork(`health of ${name}`)),
        canary: count > 1 && random.chance(0.25)
          ? random.some(names, random.between(1, count - 1))
          : null,
        waves: null,
        isBakedAfter: false,
        frozen: null,
        policy: {
          quorum: random.pick<PlannedService["policy"]["quorum"]>([1, "50%", "75%", "75%", "100%"]),
          maxUnavailable: random.pick<PlannedService["policy"]["maxUnavailable"]>([
            1,
            1,
            1,
            2,
            "50%",
          ]),
          ...drawLimits(random.fork(`limits of ${name}`), { hostCount: count, isAbove: index > 0 }),
          maxConcurrent: random.pick([1, 1, 2, 3]),
          maxFailures: random.pick([0, 0, 1, 2]),
          bakeTime: random.pick([0, 500, 2_000]),
          progressDeadline: random.fork(`deadline of ${name}`).pick([
            15_000,
            30_000,
            60_000,
            120_000,
          ]),
          health: { deadline: 20_000, interval: 200, successes: random.pick([1, 2]) },
          preparation: { stall: random.fork(`stall of ${name}`).pick([3_000, 10_000, 60_000]) },
        },
      }),
    )
  );
  if (count >= LARGE_COUNT) {
    for (const service of services) {
      quicken(service, random.fork("large"));
    }
  }
  const fleet = { hosts, services };
  return {
    seed,
    serverCount: random.pick([1, 3, 3]),
    hosts,
    services,
    isParallel: shares.chance(0.4),
    onFailure: random.fork("failure").chance(0.4) ? "rollback" : "halt",
    maxFailures: random.fork("failures of a rollout").pick([null, null, null, 0, 1, 2]),
    ignoresFreeze: random.fork("ignoring freezes").chance(0.2),
    adminSkewMs: random.between(-1_000, 1_000),
    faults: drawFaults(random.fork("faults"), { ...fleet, kinds }),
  };
}

/** What has to serve at any time, and limits for racks and sites, in some services. */
function drawLimits(
  random: RandomStream,
  { hostCount, isAbove }: { readonly hostCount: number; readonly isAbove: boolean },
): Partial<PlannedService["policy"]> {
  const hasMinOnline = hostCount > 1 && random.chance(0.25);
  const minOnline = random.pick<"50%" | number>(["50%", 1, hostCount - 1, hostCount - 1]);
  const hasRackLimit = random.chance(0.3);
  const maxUnavailablePerRack = random.pick<"50%" | number>([1, 1, "50%"]);
  const hasSiteLimit = random.chance(0.1);
  // So that its hosts may go while more are down of what they depend on than may be there.
  const isRoomy = isAbove && random.chance(0.25);
  // What it depends on may turn unwell during the rollout without being a failure of it.
  const isUnwatched = !isAbove && random.chance(0.25);
  return {
    ...(isUnwatched ? { watch: 0 } : {}),
    ...(isRoomy ? { maxUnavailable: "100%", quorum: 1 } : {}),
    ...(hasMinOnline ? { minOnline } : {}),
    ...(hasRackLimit ? { maxUnavailablePerRack } : {}),
    ...(hasSiteLimit ? { maxUnavailablePerSite: 1 } : {}),
  };
}

/** How long a check of a gate has to hold. Half of the runs' faults last longer than what it may take. */
const CHECK = { for: 2_000, within: 20_000, every: 500 } as const;

/** In a large fleet many hosts go at once: one after the other, a rollout would last for longer than a run. */
function quicken({ policy }: PlannedService, random: RandomStream): void {
  policy.maxUnavailable = random.pick(["10%", "25%", "50%"]);
  policy.maxConcurrent = random.pick([20, 50]);
  policy.bakeTime = random.pick([0, 500]);
}

/** Some services go in growing shares, or place by place. */
function withWaves(random: RandomStream, service: PlannedService): PlannedService {
  const isListed = random.chance(0.3);
  const isBakedAfter = random.chance(0.3);
  const waves = random.pick<WaveList>([
    [1, "all"],
    [1, "50%", "100%"],
    ["10%", 2, "75%", "all"],
    [{ size: 1, rack: "r1" }, { each: "rack" }],
    [{ each: "rack", maxFailures: 0 }],
    [{ labels: { tier: "even" }, maxFailures: 1 }, "100%"],
    ["1%", { gate: "promote" }, "100%"],
    [{ gate: "promote" }, { each: "rack", gate: { after: 3_000 } }],
    [
      1,
      { gate: { after: 5_000 } },
      "50%",
      { gate: { after: 1_000, check: "errors", ...CHECK } },
      "all",
    ],
    [1, { gate: { url: "http://metrics/ok", ...CHECK } }, "all"],
  ]);
  return { ...service, isBakedAfter, ...(isListed ? { canary: null, waves } : {}) };
}

/** Some services are frozen for a while. */
function withFreeze(random: RandomStream, service: PlannedService): PlannedService {
  const frozen = drawFreeze(random, EPOCH_MS);
  if (frozen === null) return service;
  const policy = { ...service.policy, freeze: [...windowsOf(frozen, random)] };
  return { ...service, frozen, policy };
}

function drawHealth(random: RandomStream): PlannedService["health"] {
  return {
    failureThreshold: random.pick([1, 2, 2, 3]),
    successThreshold: random.pick([1, 1, 1, 2]),
    minHealthyTime: random.pick([0, 0, 0, 2_000]),
    restartAfterFailedChecks: random.chance(0.6) ? random.pick([3, 5]) : undefined,
  };
}

/** The plan of a rollout to that version, and its releases. */
export function planOf(
  { services, isParallel, onFailure, maxFailures }: Pick<
    Scenario,
    "services" | "isParallel" | "onFailure" | "maxFailures"
  >,
  version: string,
  { isFirst = false, build = 1 }: { isFirst?: boolean; build?: number } = {},
): { plan: Plan; releases: Release[] } {
  const everything: NonNullable<Plan["services"][string]["policy"]> = {
    quorum: 1,
    maxUnavailable: "100%",
    maxConcurrent: 1_000,
    maxFailures: 0,
    bakeTime: 0,
    health: { deadline: 20_000, interval: 200, successes: 1 },
  };
  const hasCanary = !isFirst && services.some(({ canary }) => canary !== null);
  return {
    plan: {
      services: Object.fromEntries(
        services.map(({ name, dependsOn, isBakedAfter, policy, waves }) => [name, {
          version,
          dependsOn: dependsOn.map((service) =>
            isBakedAfter ? { service, when: "baked" } : service
          ),
          policy: isFirst ? everything : policy,
          ...(isFirst || waves === null ? {} : { waves }),
        }]),
      ),
      parallel: isParallel,
      onFailure,
      ...(isFirst || maxFailures === null ? {} : { maxFailures }),
      ...(hasCanary
        ? {
          order: services.flatMap(({ name, canary }) =>
            canary === null ? [name] : [{ service: name, hosts: [...canary] }, name]
          ),
        }
        : {}),
    },
    releases: services.map(({ name, hasBlob }) =>
      publish(name, version, { hasBlob, build }).release
    ),
  };
}
