/**
 * The plan file of a rollout: read, completed with its releases from the feed, and checked in full against the fleet.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { findOtherContent, readKnownServices } from "../../coordination/mod.ts";
import {
  checkPlan,
  countHosts,
  type KnownService,
  listNames,
  type OnFailure,
  type Plan,
  type PlannedService,
  type PlannedWave,
  planSchema,
  type Release,
  RolloutError,
} from "../../rollout/mod.ts";
import { FeedError, type OfferedRelease, readFeed } from "../../torrent/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { readYamlFile } from "../shared/yaml_file.ts";

/** A plan file as it was read, with the feed that it names. */
export interface PlanFile {
  readonly planPath: string;
  readonly plan: Plan;
  readonly feedUrl: string;
  readonly feed: readonly OfferedRelease[];
}

/** A plan that can be started. */
export interface CheckedPlanFile {
  readonly services: ReadonlyMap<string, PlannedService>;
  readonly waves: readonly PlannedWave[];
  readonly onFailure: OnFailure;
  /** How many hosts may fail on all services together; left out: the plan does not say. */
  readonly maxFailures?: number | undefined;
  /** What the operator should know of it, one line each. */
  readonly notes: readonly string[];
  /** The release of each service. */
  readonly releases: ReadonlyMap<string, Release>;
  /** The services of the fleet as they were when it was checked. */
  readonly fleet: ReadonlyMap<string, KnownService>;
}

/** Reads a plan and its feed. `feed`: its URL, in place of the one that the plan names. */
export async function readPlanFile(planPath: string, feed?: string): Promise<PlanFile> {
  const plan = await readYamlFile(planPath, "plan", planSchema);
  const feedUrl = feed ?? plan.feed;
  if (feedUrl === undefined) {
    throw new UsageError(`plan ${planPath}: expected the feed's URL under "feed", or --feed URL`);
  }
  try {
    return { planPath, plan, feedUrl, feed: await readFeed(feedUrl) };
  } catch (cause) {
    if (!(cause instanceof FeedError)) throw cause;
    throw new CommandError(
      `plan ${planPath}: its feed cannot be read (rollcall publish serves it, as long as that runs)`,
      { cause },
    );
  }
}

/**
 * Checks a plan against the fleet.
 *
 * @throws {UsageError} with every problem of it.
 */
export async function checkPlanFile(
  zookeeper: ZooKeeper,
  { planPath, plan, feedUrl, feed }: PlanFile,
): Promise<CheckedPlanFile> {
  const fleet = await readFleetOf(plan, { zookeeper, planPath });
  const checked = checkPlan(plan, fleet);
  const problems = checked.ok ? [] : [...checked.problems];
  const { releases, missing } = findReleases(plan, { feed, feedUrl });
  problems.push(...missing, ...await findOtherContent(zookeeper, releases.values()));
  if (!checked.ok || problems.length > 0) {
    throw new UsageError(`plan ${planPath}: nothing was written:\n  ${problems.join("\n  ")}`);
  }
  const { services, waves, onFailure, maxFailures } = checked;
  const notes = [
    ...checked.notes,
    ...noteWithdrawn(services, fleet),
    ...notePolicies(services, fleet),
  ];
  return { services, waves, onFailure, maxFailures, notes, releases, fleet };
}

/** What was taken back before may be rolled out again; whoever does so should know. */
function noteWithdrawn(
  services: CheckedPlanFile["services"],
  fleet: CheckedPlanFile["fleet"],
): string[] {
  return [...services].flatMap(([service, { version }]) =>
    fleet.get(service)?.entry?.withdrawn.includes(version) === true
      ? [`service "${service}": ${version} was aborted or rolled back before`]
      : []
  );
}

/**
 * A policy in a plan takes the place of the fleet's as a whole, so one that leaves a key out ends what that said: freeze windows,
 * say. Of a service without a version nobody has said what its policy is.
 */
export function notePolicies(
  services: CheckedPlanFile["services"],
  fleet: CheckedPlanFile["fleet"],
): string[] {
  return [...services].flatMap(([service, { policy }]) => {
    const entry = fleet.get(service)?.entry ?? null;
    if (entry === null || entry.committed === null) return [];
    const before: Record<string, unknown> = entry.policy;
    const after: Record<string, unknown> = policy;
    const changes = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
      .flatMap((key) => {
        if (isDeepStrictEqual(before[key], after[key])) return [];
        const name = key === "bakeMs" ? "bakeTime" : key.replace(/Ms$/, "");
        if (after[key] === undefined) return [`no ${name} any more`];
        return [before[key] === undefined ? `${name} is new` : name];
      });
    return changes.length === 0
      ? []
      : [`service "${service}": its policy changes: ${changes.join(", ")}`];
  });
}

/** The waves in one sentence, each with its hosts unless it is of all: `A v2 on 1 host (web-1), then A v2`. */
export function describeOrder({ waves }: Pick<CheckedPlanFile, "waves">): string {
  return waves.map(({ service, version, hosts }) => {
    const of = hosts === null ? "" : ` on ${countHosts(hosts.length)} (${listNames(hosts)})`;
    return `${service} ${version}${of}`;
  }).join(", then ");
}

/** The services of the fleet, all of whose entries that the plan names can be read. */
async function readFleetOf(
  plan: Plan,
  { zookeeper, planPath }: { zookeeper: ZooKeeper; planPath: string },
): Promise<ReadonlyMap<string, KnownService>> {
  const names = Object.keys(plan.services);
  const hostsOf = names.filter((name) => plan.services[name]?.waves !== undefined);
  const { services, unreadable } = await readKnownServices(zookeeper, { hostsOf });
  if (services.size === 0) {
    throw new RolloutError(
      `rollout of ${names.join(", ")}: no agent has ever been here; start the agents first, or ` +
        "check the chroot in --zookeeper",
    );
  }
  const problems = names.flatMap((name) => unreadable.get(name) ?? []);
  if (problems.length > 0) {
    throw new CommandError(`plan ${planPath}: nothing was written:\n  ${problems.join("\n  ")}`);
  }
  return services;
}

/** Finds each release of the plan in the feed; `missing` names those that are not there. */
function findReleases(
  plan: Plan,
  where: { feed: readonly OfferedRelease[]; feedUrl: string },
): { releases: Map<string, Release>; missing: string[] } {
  const releases = new Map<string, Release>();
  const missing: string[] = [];
  for (
    const [service, { version }] of Object.entries(plan.services) as [
      string,
      Pick<PlannedService, "version">,
    ][]
  ) {
    const offered = where.feed.find((release) =>
      release.service === service && release.version === version
    );
    if (offered !== undefined) {
      const { infoHash, sizeBytes, torrentUrl, origin, trackers, peers } = offered;
      releases.set(service, {
        service,
        version,
        infoHash,
        sizeBytes,
        torrentUrl,
        ...(origin === undefined ? {} : { origin }),
        ...(trackers === undefined ? {} : { trackers }),
        ...(peers === undefined ? {} : { peers: [...peers] }),
      });
      continue;
    }
    const known = where.feed.filter((release) => release.service === service).map((release) =>
      release.version
    );
    const newest = known.length === 0 ? "none" : known.slice(0, 5).join(", ");
    missing.push(
      `service "${service}": version ${version} is not in the feed ${where.feedUrl} (there: ${newest})`,
    );
  }
  return { releases, missing };
}
