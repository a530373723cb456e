/**
 * The plan of a rollout: an operator writes it in a file, and it is checked in full against the fleet before anything
 * is written to the tree. Pure: the caller reads the file, the feed and the tree.
 *
 * @module
 */

import { z } from "zod";
import { isName, NAME_RULE, quoteForeign } from "../base/names.ts";
import { allDependencies, findCycle, orderByDependencies } from "./dependency_order.ts";
import {
  nameSchema,
  type OnFailure,
  onFailureSchema,
  type Service,
  versionSchema,
} from "./entries.ts";
import { freezeAt } from "./freeze/mod.ts";
import type { PlannedService, PlannedWave } from "./planned.ts";
import { awaitBaking, edgesOf, separate, toEdges } from "./plan_order.ts";
import { listNames } from "./name_list.ts";
import {
  budgetHosts,
  maxFailuresSchema,
  type Policy,
  policyInputSchema,
  quorumHosts,
  resolvePolicy,
  shareOfHosts,
} from "./policy.ts";
import { countHosts, type KnownHost, resolveWaves, waveListSchema } from "./waves/mod.ts";

/**
 * Most waves that the deploy queue may have, and so most waves of a plan: two for each of five hundred services. A rollout is
 * written in one transaction, for which ZooKeeper has a limit of a megabyte.
 */
export const WAVES_MAX = 1_000;

/** Most services of a fleet that are read: more than anybody runs, few enough to read one after the other. */
export const SERVICES_MAX = 1_000;

const orderEntrySchema = z.union([
  nameSchema,
  z.strictObject({ service: nameSchema, hosts: z.array(nameSchema).min(1) }),
]);

/** Schema of a plan file. Unknown keys are refused. */
export const planSchema = z.strictObject({
  /** URL of the build machine's feed, where the releases are looked up. */
  feed: z.url().optional(),
  services: z.record(
    z.string(),
    z.strictObject({
      version: versionSchema,
      /** Services that must be upgraded first. Left out: those in the tree. */
      dependsOn: z.array(z.union([
        nameSchema,
        z.strictObject({ service: nameSchema, when: z.enum(["finished", "baked"]).optional() }),
      ])).optional(),
      policy: policyInputSchema.optional(),
      /** In place of one wave of all hosts: shares, sites, racks, labels. */
      waves: waveListSchema.optional(),
    }),
  ).superRefine((services, context) => {
    const names = Object.keys(services);
    if (names.length === 0) context.addIssue("expected at least one service");
    for (const name of names.filter((each) => !isName(each))) {
      context.addIssue(
        `expected services whose names have ${NAME_RULE}, was ${quoteForeign(name)}`,
      );
    }
  }),
  /** The waves. Left out: one wave per service, in dependency order. A service may come twice: first some hosts, then all. */
  order: z.array(orderEntrySchema).min(1).max(WAVES_MAX).optional(),
  /**
   * Whether services that do not depend on each other go at the same time, each in the order of its own waves. Default: one
   * wave after the other.
   */
  parallel: z.boolean().optional(),
  /** How many hosts may fail on all services together until the rollout is halted. Left out: what each service's policy says. */
  maxFailures: maxFailuresSchema.optional(),
  /** What becomes of the rollout when it is halted. Left out: it waits for an operator. */
  onFailure: onFailureSchema.optional(),
});
/** A plan file, parsed. */
export type Plan = z.infer<typeof planSchema>;

/** One service in the tree when the plan is checked. */
export interface KnownService {
  /** Its entry; `null` if it has none. */
  readonly entry: Service | null;
  /** Every host that should run it, online or not. */
  readonly roster: readonly string[];
  /** The same with what is known of them: for plans that list waves. Left out: nothing was read. */
  readonly hosts?: readonly KnownHost[];
}

/** The result of the check: the plan with all defaults filled in, or every problem of it. */
export type CheckedPlan =
  | {
    readonly ok: true;
    readonly services: ReadonlyMap<string, PlannedService>;
    readonly waves: readonly PlannedWave[];
    readonly onFailure: OnFailure;
    /** How many hosts may fail on all services together; left out: the plan does not say. */
    readonly maxFailures?: number;
    /** What the operator should know of it, one line each. */
    readonly notes: readonly string[];
  }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Checks a plan against the fleet: unknown services and hosts, cycles, an order against the dependencies, a service without
 * a wave, a quorum or budget that can never be met. Reports all problems at once.
 */
export function checkPlan(plan: Plan, fleet: ReadonlyMap<string, KnownService>): CheckedPlan {
  const problems: string[] = [];
  const services = new Map<string, PlannedService>();
  const dependencies = new Map<string, readonly string[]>();
  for (const [name, known] of fleet) dependencies.set(name, known.entry?.dependsOn ?? []);

  for (const [name, planned] of Object.entries(plan.services)) {
    const known = fleet.get(name);
    if (known === undefined || known.roster.length === 0) {
      problems.push(
        `service "${name}": no host has it in its config (known: ${listKnown([...fleet.keys()])})`,
      );
    }
    const { dependsOn, ...edges } = planned.dependsOn === undefined
      ? edgesOf(known?.entry ?? null)
      : toEdges(planned.dependsOn);
    dependencies.set(name, dependsOn);
    const policy = planned.policy === undefined && known?.entry
      ? known.entry.policy
      : resolvePolicy(planned.policy);
    services.set(name, { version: planned.version, dependsOn, ...edges, policy });
    problems.push(...freezeProblems(name, policy));
  }

  for (const [name, { dependsOn }] of services) {
    for (const dependency of dependsOn) {
      if (fleet.has(dependency) || services.has(dependency)) continue;
      problems.push(
        `service "${name}": depends on "${dependency}", which no host has in its config (known: ${
          listKnown([...fleet.keys()])
        })`,
      );
    }
  }

  const cycle = findCycle(dependencies, services.keys());
  if (cycle !== null) {
    problems.push(
      `dependsOn: the services depend on each other in a circle: ${cycle.join(" -> ")}`,
    );
    return { ok: false, problems };
  }

  const notes: string[] = [];
  const order = plan.order ?? orderByDependencies([...services.keys()], dependencies);
  const waves = order.flatMap((entry): PlannedWave[] => {
    const { service, hosts } = typeof entry === "string" ? { service: entry, hosts: null } : entry;
    const planned = services.get(service);
    const list = plan.services[service]?.waves;
    if (planned === undefined) {
      problems.push(
        `order: "${service}" is not under services (there: ${listKnown([...services.keys()])})`,
      );
      return [];
    }
    const wave = { service, version: planned.version };
    const isKnown = (fleet.get(service)?.roster.length ?? 0) > 0;
    // That no host has it is said already, and all else would follow from that.
    if (list === undefined || !isKnown) return [{ ...wave, hosts }];
    if (hosts !== null) {
      problems.push(
        `order: service "${service}" has waves of its own, so name it alone, without hosts`,
      );
      return [];
    }
    const resolved = resolveWaves(service, { list, hosts: hostsOf(fleet.get(service)) });
    problems.push(...resolved.problems);
    notes.push(...resolved.notes);
    return resolved.waves.map((chosen) => ({ ...wave, ...chosen }));
  });

  for (const name of services.keys()) {
    if (!waves.some((wave) => wave.service === name && wave.hosts === null)) {
      problems.push(`order: service "${name}" has no wave for all of its hosts`);
    }
  }
  problems.push(...orderProblems(waves, dependencies));
  for (const wave of waves) {
    const planned = services.get(wave.service);
    const roster = fleet.get(wave.service)?.roster ?? [];
    if (planned !== undefined && roster.length > 0) {
      problems.push(...waveProblems(wave, planned.policy, roster));
    }
  }
  if (problems.length > 0) return { ok: false, problems: [...new Set(problems)] };
  const baked = awaitBaking(waves, services);
  notes.push(...baked.notes);
  const isParallel = plan.parallel ?? false;
  return {
    ok: true,
    services,
    waves: isParallel ? separate(baked.waves, dependencies) : baked.waves,
    onFailure: plan.onFailure ?? "halt",
    ...(plan.maxFailures === undefined ? {} : { maxFailures: plan.maxFailures }),
    notes,
  };
}

/** The hosts of a service. Of those that were not read only the names are known. */
function hostsOf(known: KnownService | undefined): readonly KnownHost[] {
  return known?.hosts ??
    (known?.roster ?? []).map((host) => ({
      host,
      site: "?",
      rack: "?",
      labels: {},
      isServing: true,
    }));
}

function orderProblems(
  waves: readonly PlannedWave[],
  dependencies: ReadonlyMap<string, readonly string[]>,
): string[] {
  return waves.flatMap((wave, index) => {
    const needed = allDependencies(wave.service, dependencies);
    const late = waves.slice(index + 1).find((other) => needed.has(other.service));
    if (late === undefined) return [];
    return [
      `order: "${wave.service}" comes before "${late.service}", but depends on it: put "${late.service}" first`,
    ];
  });
}

/** Some moment: windows of every week that leave no time from then on never leave any. */
const SOME_MOMENT_MS = 0;

/** Freeze windows in which no host could ever switch. Those of single dates are over some time. */
function freezeProblems(service: string, { freeze = [] }: Policy): string[] {
  const weekly = freeze.filter(({ days, dates }) => days !== undefined || dates === undefined)
    .map(({ dates: _dates, ...window }) => window);
  const found = freezeAt(weekly, SOME_MOMENT_MS);
  if (found?.leftMs !== Infinity) return [];
  return [`service "${service}": its freeze windows let no host ever switch (${found.words})`];
}

function waveProblems(wave: PlannedWave, policy: Policy, roster: readonly string[]): string[] {
  const problems: string[] = [];
  for (const host of wave.hosts ?? []) {
    if (!roster.includes(host)) {
      problems.push(
        `order: host "${host}" does not run "${wave.service}" (its hosts: ${listKnown(roster)})`,
      );
    }
  }
  const coveredCount = wave.hosts === null ? roster.length : wave.hosts.length;
  const quorumCount = quorumHosts(policy, coveredCount);
  if (quorumCount > coveredCount) {
    problems.push(
      `service "${wave.service}": the quorum of ${quorumCount} can never be met, the wave has ${
        countHosts(coveredCount)
      }`,
    );
  }
  problems.push(...budgetProblems(wave.service, policy, roster.length));
  return problems;
}

/** Budgets that would let no host switch, whoever serves. */
function budgetProblems(service: string, policy: Policy, rosterCount: number): string[] {
  const limits = ["maxUnavailable", "maxUnavailablePerRack", "maxUnavailablePerSite"] as const;
  const zeros = limits.filter((name) => {
    const limit = policy[name];
    return limit !== undefined && shareOfHosts(limit, rosterCount) === 0;
  });
  if (zeros.length > 0) {
    return zeros.map((name) =>
      `service "${service}": ${name} is 0, so no host could ever switch: allow at least 1`
    );
  }
  if (budgetHosts(policy, rosterCount) > 0) return [];
  return [
    `service "${service}": minOnline is ${policy.minOnline} and it has ${
      countHosts(rosterCount)
    }, so no host could ever switch: ask for at most ${rosterCount - 1}`,
  ];
}

function listKnown(names: readonly string[]): string {
  // Twenty names fill two lines of a terminal; more would bury the message.
  return names.length === 0 ? "none" : listNames(names, 20);
}
