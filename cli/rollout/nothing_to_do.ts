/**
 * What a plan changes nothing about: the fleet runs it already. To roll it out would start nothing anew; so it is said instead,
 * and in what the processes that run differ from the hosts' configs.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { readService } from "../../coordination/mod.ts";
import { countHosts, isSameRelease, RUNS_OTHERWISE } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { CheckedPlanFile } from "./plan_file.ts";

/** What is to be said if a plan changes nothing at all, in lines; `null`: it changes something. */
export async function describeNothingToDo(
  zookeeper: ZooKeeper,
  { services, releases }: Pick<CheckedPlanFile, "services" | "releases">,
): Promise<string[] | null> {
  const lines: string[] = [];
  for (const [name, { version, dependsOn, policy }] of services) {
    const release = releases.get(name);
    const { service, view: { roster, current }, waves } = await readService(zookeeper, name);
    const entry = service?.entry;
    if (release === undefined || entry === undefined || waves.length > 0) return null;
    const isKnown = entry.committed !== null && isSameRelease(entry.committed, release) &&
      isDeepStrictEqual(entry.policy, policy) &&
      isDeepStrictEqual([...entry.dependsOn], [...dependsOn]);
    const hosts = roster.toSorted().map((host) => current.get(host));
    const isEverywhere = hosts.every((host) =>
      host?.state === "serving" && isSameRelease(host, release)
    );
    if (!isKnown || !isEverywhere) return null;
    const all = roster.length === 1 ? "the host runs" : `all ${countHosts(roster.length)} run`;
    lines.push(`${name}: ${all} ${version} already; nothing to do`);
    const other = hosts.filter((host) => host?.waitingFor?.startsWith(RUNS_OTHERWISE));
    for (const host of other) lines.push(`  ${host?.host} ${host?.waitingFor}`);
    if (other.length > 0) {
      lines.push(`  Start it anew, one host after the other: rollcall restart ${name}`);
    }
  }
  return lines;
}
