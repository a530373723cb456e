/**
 * `rollcall rollout plan`: what a plan would do to the fleet as it is now. Nothing is written.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";
import {
  type FleetHost,
  readBusy,
  readFleet,
  readPlanVersion,
  readSwitchTimes,
} from "../../coordination/mod.ts";
import { forecastPlan, type Policy, type Release } from "../../rollout/mod.ts";
import { FeedError, fetchTorrent, readRelease, sharedBytes } from "../../torrent/mod.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { type CheckedPlanFile, checkPlanFile, readPlanFile } from "./plan_file.ts";
import { askRoom } from "./host_room.ts";
import { renderForecast, type Reuse, type Room } from "./plan_view.ts";

/** Options of `rollout plan`, as `rollcall rollout plan --help` explains them. */
export interface PlanOptions {
  readonly zookeeper: string;
  readonly feed?: string | undefined;
  readonly json: boolean;
}

/** `rollout plan`: checks the plan, and shows what it would do. */
export async function planCommand(planPath: string, options: PlanOptions): Promise<void> {
  const request = await readPlanFile(planPath, options.feed);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const plan = await checkPlanFile(zookeeper, request);
    const fleet = await readFleet(zookeeper);
    const version = await readPlanVersion(zookeeper, plan);
    const busy = await readBusy(zookeeper);
    const hosts = new Map(
      Object.entries(fleet.services).map(([name, service]) => [
        name,
        // Who is not on the roster any more is in no wave.
        service.hosts.filter(({ host }) => plan.fleet.get(name)?.roster.includes(host)),
      ]),
    );
    const switchTimes = await readSwitchTimes(zookeeper, plan.services.keys());
    const forecast = forecastPlan({
      ...plan,
      hosts,
      policies: policiesOf(plan),
      switchTimes,
      wallTimeMs: systemClock.wallTimeMs(),
    });
    const [reuse, room] = await Promise.all([readReuse(plan), readRoom(plan, hosts)]);
    if (options.json) {
      const services = forecast.services.map((each) => ({
        ...each,
        reusedBytes: reuse.get(each.service)?.sharedBytes ?? null,
        room: room.get(each.service) ?? null,
      }));
      writeJson({ planVersion: version, ...forecast, services, notes: plan.notes, busy });
      return;
    }
    for (const note of plan.notes) writeLine(`Note: ${note}`);
    writeLine(
      renderForecast(forecast, {
        planPath,
        planVersion: version,
        busy,
        reuse,
        room,
        columns: terminalColumns(100),
      }),
    );
  });
}

/** The policies of all services that have been rolled out before. */
function policiesOf({ fleet }: CheckedPlanFile): ReadonlyMap<string, Policy> {
  return new Map(
    [...fleet].flatMap(([name, { entry }]) => entry === null ? [] : [[name, entry.policy]]),
  );
}

/** By service, what hosts with the committed release need not fetch. Left out where the two .torrent files cannot be had. */
async function readReuse(
  { services, releases, fleet }: CheckedPlanFile,
): Promise<ReadonlyMap<string, Reuse>> {
  const found = new Map<string, Reuse>();
  await Promise.all([...services.keys()].map(async (service) => {
    const wanted = releases.get(service);
    const earlier = fleet.get(service)?.entry?.committed ?? null;
    if (wanted === undefined || earlier === null || wanted.infoHash === earlier.infoHash) return;
    try {
      const [to, from] = await Promise.all([readTorrentOf(wanted), readTorrentOf(earlier)]);
      if (to === null || from === null) return;
      found.set(service, { from: earlier.version, sharedBytes: sharedBytes(to, from) });
    } catch (error) {
      // The build machine need not keep what was committed long ago.
      if (!(error instanceof FeedError)) throw error;
    }
  }));
  return found;
}

/** By service, which hosts have room for its release. */
async function readRoom(
  { releases }: CheckedPlanFile,
  hosts: ReadonlyMap<string, readonly FleetHost[]>,
): Promise<ReadonlyMap<string, Room>> {
  const wanted = [...releases].filter(([, { sizeBytes }]) => sizeBytes > 0);
  return new Map(
    await Promise.all(
      wanted.map(async ([service, release]) =>
        [service, await askRoom(release, hosts.get(service) ?? [])] as const
      ),
    ),
  );
}

async function readTorrentOf({ torrentUrl, infoHash }: Release) {
  if (torrentUrl === null || infoHash === null) return null;
  return readRelease(await fetchTorrent(torrentUrl, { expectInfoHash: infoHash }));
}
