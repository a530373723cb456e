/**
 * `rollcall rollout`: checks a plan and starts it, shows the rollout that is under way, pauses, resumes and aborts it. A
 * plan comes in as YAML, the releases that it names come from the feed, and all orders go out as transactions on the tree;
 * the agents carry them out.
 *
 * @module
 */

import {
  abortRollout,
  activeRollout,
  createRolloutId,
  findOtherContent,
  type Fleet,
  newestRollout,
  readKnownServices,
  setControl,
  startRollout,
} from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import {
  checkPlan,
  type KnownService,
  type Plan,
  type PlannedService,
  planSchema,
  type Release,
  RolloutError,
} from "../../rollout/mod.ts";
import { type OfferedRelease, readFeed } from "../../torrent/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { createFleetDisplay } from "../status/fleet_display.ts";
import { watchFleet } from "../status/fleet_watch.ts";
import { writeLine } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { readYamlFile } from "../shared/yaml_file.ts";

/** Options of `rollout start`, as `rollcall rollout --help` explains them. */
export interface StartOptions {
  readonly zookeeper: string;
  readonly feed?: string | undefined;
  readonly check: boolean;
  readonly detach: boolean;
  readonly json: boolean;
  /** Announce URLs to ask how releases spread, in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** `rollout start`: checks the plan, starts it, and shows the rollout until it ends. */
export async function startRolloutCommand(planPath: string, options: StartOptions): Promise<void> {
  const plan = await readYamlFile(planPath, "plan", planSchema);
  const feedUrl = options.feed ?? plan.feed;
  if (feedUrl === undefined) {
    throw new UsageError(`plan ${planPath}: expected the feed's URL under "feed", or --feed URL`);
  }
  const feed = await readFeed(feedUrl);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const checked = checkPlan(plan, await readFleetOf(plan, { zookeeper, planPath }));
    const problems = checked.ok ? [] : [...checked.problems];
    const { releases, missing } = findReleases(plan, { feed, feedUrl });
    problems.push(...missing, ...await findOtherContent(zookeeper, releases.values()));
    if (!checked.ok || problems.length > 0) {
      throw new UsageError(`plan ${planPath}: nothing was written:\n  ${problems.join("\n  ")}`);
    }
    const order = checked.waves.map((wave) => `${wave.service} ${wave.version}`).join(", then ");
    if (options.check) {
      writeLine(`The plan is good: ${order}. Nothing was written (--check).`);
      return;
    }
    const id = await begin(zookeeper, {
      services: checked.services,
      waves: checked.waves,
      releases,
    });
    if (!options.json) writeLine(`Rollout ${id}: ${order}`);
    if (!options.detach) await follow(zookeeper, id, options);
  });
}

/** `rollout watch`: shows the rollout that is under way, or the last one, until it ends. */
export async function watchRolloutCommand(
  options: Pick<StartOptions, "zookeeper" | "json" | "tracker">,
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const id = await activeRollout(zookeeper) ?? await newestRollout(zookeeper);
    if (id === null) throw new CommandError("rollout watch: there has been no rollout yet");
    await follow(zookeeper, id, options);
  });
}

/** `rollout pause`: from now on no further host goes down. */
export async function pauseCommand(
  options: { zookeeper: string; reason?: string | undefined },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const change = {
      state: "paused",
      by: operator(),
      reason: options.reason ?? null,
      sinceMs: systemClock.wallTimeMs(),
    } as const;
    await setControl(zookeeper, change);
    writeLine(
      "Paused. Hosts that are switching finish, nobody else goes down. Go on: rollcall rollout resume",
    );
  });
}

/** `rollout resume`: goes on after a pause or a halt. */
export async function resumeCommand(options: { zookeeper: string }): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const change = {
      state: "running",
      by: operator(),
      reason: null,
      sinceMs: systemClock.wallTimeMs(),
    } as const;
    const before = await setControl(zookeeper, change);
    writeLine(
      before?.state === "running"
        ? "It was running already."
        : `Running again (it was ${before?.state ?? "an entry that could not be read"}).`,
    );
  });
}

/** `rollout abort`: ends the rollout that is under way. */
export async function abortCommand(options: { zookeeper: string }): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const id = await abortRollout(zookeeper, { by: operator(), nowMs: systemClock.wallTimeMs() });
    writeLine(
      `Aborted ${id}. Hosts that have switched stay as they are; roll out another version to bring them in line.`,
    );
  });
}

async function begin(
  zookeeper: ZooKeeper,
  rollout: Pick<Parameters<typeof startRollout>[1], "services" | "waves" | "releases">,
): Promise<string> {
  const nowMs = systemClock.wallTimeMs();
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  const id = createRolloutId(nowMs, () => number / 2 ** 32);
  await startRollout(zookeeper, { ...rollout, id, by: operator(), nowMs });
  return id;
}

/** Shows one rollout until it ends. Ctrl-C ends the view alone: the agents carry on with the rollout. */
async function follow(
  zookeeper: ZooKeeper,
  id: string,
  options: Pick<StartOptions, "json" | "tracker">,
): Promise<void> {
  using stop = listenForStop();
  const fleet = await watchFleet(zookeeper, {
    display: createFleetDisplay(options),
    signal: stop.signal,
    isOver: (snapshot) => hasEnded(snapshot, id) || snapshot.control?.state === "halted",
  });
  if (hasEnded(fleet, id)) {
    if (fleet.rollout?.id === id && fleet.rollout.state === "aborted") {
      throw new CommandError(`rollout ${id}: aborted`);
    }
    return;
  }
  if (fleet.control?.state === "halted") {
    throw new CommandError(
      `rollout ${id}: halted by ${fleet.control.by}: ${
        fleet.control.reason ?? "no reason given"
      }; ` +
        "mend it and resume (rollcall rollout resume), or abort (rollcall rollout abort)",
    );
  }
  if (!options.json) {
    writeLine(`Rollout ${id} goes on without this terminal. See it again: rollcall rollout watch`);
  }
}

function hasEnded({ rollout }: Fleet, id: string): boolean {
  // The fleet shows the rollout that was started last. Another one can only have been started after the end of this one.
  return rollout !== null && (rollout.id !== id || rollout.state !== "running");
}

/** The services of the fleet, all of whose entries that the plan names can be read. */
async function readFleetOf(
  plan: Plan,
  { zookeeper, planPath }: { zookeeper: ZooKeeper; planPath: string },
): Promise<ReadonlyMap<string, KnownService>> {
  const { services, unreadable } = await readKnownServices(zookeeper);
  const names = Object.keys(plan.services);
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

/** The user who gives the order, for the rollout's record. */
function operator(): string {
  const user = Deno.env.get("SUDO_USER") ?? Deno.env.get("USER") ?? "somebody";
  return `${user}@${Deno.hostname()}`;
}
