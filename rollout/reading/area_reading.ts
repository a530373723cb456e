/**
 * What a host reads of its own rack and site, where the policy has limits for them: how many hosts stand there, and how many of
 * them serve.
 *
 * @module
 */

import { type AreaCounts, type LimitedArea, limitedAreas } from "../areas.ts";
import {
  areaMembersPath,
  areaServingPath,
  newcomersPath,
  placedPath,
  servicePath,
} from "../tree.ts";
import { childCountAt, type TreePart } from "./node.ts";
import { decodeRoster } from "./one_host.ts";
import { Problems } from "./problems.ts";
import { decodeService } from "./shared_entries.ts";

/**
 * The nodes below which the hosts of the host's own rack and site are counted, once the nodes of a census are known;
 * none if the policy has no limits for them. While others hold slots, they have to be read together with those of
 * the slots.
 *
 * @throws {EntryError} when the service's entry is broken.
 */
export function areaPaths(
  { service, host }: { readonly service: string; readonly host: string },
  tree: Pick<TreePart, "node">,
): readonly string[] {
  const entry = decodeService(service, tree.node(servicePath(service)));
  const roster = decodeRoster(service, host, { tree, problems: new Problems() });
  const areas = entry === null || roster === null ? [] : limitedAreas(entry.entry.policy, roster);
  if (areas.length === 0) return [];
  return [
    placedPath(service),
    ...areas.flatMap(({ key }) => [areaMembersPath(service, key), areaServingPath(service, key)]),
  ];
}

/** Counts the hosts of a service in these areas; `null`: they are not counted yet, or were not read. */
export function countAreas(
  service: string,
  areas: readonly LimitedArea[],
  tree: Pick<TreePart, "node">,
): AreaCounts[] | null {
  if (areas.length === 0) return [];
  const newcomers = childCountAt(tree, newcomersPath(service));
  const placed = childCountAt(tree, placedPath(service));
  // Hosts that have registered last with an agent of an earlier version may stand anywhere.
  const unplaced = Math.max(0, childCountAt(tree, servicePath(service)) - newcomers - placed);
  const counts: AreaCounts[] = [];
  for (const area of areas) {
    const members = tree.node(areaMembersPath(service, area.key));
    const serving = tree.node(areaServingPath(service, area.key));
    if (members === null || serving === null) return null;
    const memberCount = members.childCount + unplaced;
    counts.push({ area, memberCount, servingCount: serving.childCount });
  }
  return counts;
}
