/**
 * Areas: the rack and the site in which a host stands. A policy may limit how many hosts are away in each rack and in each
 * site, so the hosts of a service are counted there as well.
 *
 * @module
 */

import type { HostCount, Policy } from "./policy.ts";
import { areaMembersPath, areaServingPath, placedPath } from "./tree.ts";

/** Where a host stands, as its entries say. */
export interface Place {
  readonly site: string;
  readonly rack: string;
}

/** A rack or a site. */
export interface Area {
  readonly kind: "rack" | "site";
  /** Its name in the tree: that of a site, or of a rack and its site, joined by what no name has. */
  readonly key: string;
  /** Its name for an operator. */
  readonly words: string;
}

/** An area with the most hosts that may be away there. */
export interface LimitedArea extends Area {
  readonly limit: HostCount;
}

/** The hosts of one rack or site, counted. */
export interface AreaCounts {
  readonly area: LimitedArea;
  /** How many hosts stand there that have served, and how many may stand there. */
  readonly memberCount: number;
  /** How many of them serve, holders of slots included. */
  readonly servingCount: number;
}

/** The site and the rack of a place. A rack belongs to one site; there may be another one of the same name elsewhere. */
export function areasOf({ site, rack }: Place): readonly Area[] {
  return [
    { kind: "site", key: site, words: `site ${site}` },
    { kind: "rack", key: `${rack}@${site}`, words: `rack ${rack}` },
  ];
}

/** Whether a place is in an area. */
export function isInArea(place: Place, { key }: Pick<Area, "key">): boolean {
  return areasOf(place).some((area) => area.key === key);
}

/** The areas of a place for which the policy has a limit. */
export function limitedAreas(policy: Policy, place: Place): readonly LimitedArea[] {
  const limits = { site: policy.maxUnavailablePerSite, rack: policy.maxUnavailablePerRack };
  return areasOf(place).flatMap((area) => {
    const limit = limits[area.kind];
    return limit === undefined ? [] : [{ ...area, limit }];
  });
}

/** Whether the policy has a limit for racks or for sites. */
export function hasAreaLimits({ maxUnavailablePerRack, maxUnavailablePerSite }: Policy): boolean {
  return maxUnavailablePerRack !== undefined || maxUnavailablePerSite !== undefined;
}

/** The nodes by which a host is counted that has served: where it stands, and that it is counted somewhere. They are persistent. */
export function placeNodes(service: string, host: string, place: Place): string[] {
  return [
    placedPath(service, host),
    ...areasOf(place).map(({ key }) => areaMembersPath(service, key, host)),
  ];
}

/** The markers by which a host is counted as serving where it stands. */
export function areaMarkers(service: string, host: string, place: Place): string[] {
  return areasOf(place).map(({ key }) => areaServingPath(service, key, host));
}
