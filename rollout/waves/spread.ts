/**
 * The order in which hosts are chosen for a share of a service: those that serve first, and spread over sites and racks, so
 * that a canary is no rack's whole capacity and says something about each site. The same fleet always gives the same order.
 *
 * @module
 */

import type { RackLocation } from "../../base/locality.ts";

/** What is known of a host on a service's roster when a plan is checked. */
export interface KnownHost extends RackLocation {
  readonly host: string;
  /** What its config says that it is, by name. */
  readonly labels: Readonly<Record<string, string>>;
  /** The checks of gates that its config has, by name. Left out: none. */
  readonly checks?: readonly string[];
  /** Whether it is online, and serves. */
  readonly isServing: boolean;
}

/** Orders hosts for a choice: any beginning of the list is spread over sites and racks by how many hosts these have. */
export function orderBySpread(hosts: readonly KnownHost[]): KnownHost[] {
  const [serving, others] = [true, false].map((isServing) =>
    hosts.filter((host) => host.isServing === isServing)
  );
  return [...spreadOverSites(serving ?? []), ...spreadOverSites(others ?? [])];
}

function spreadOverSites(hosts: readonly KnownHost[]): KnownHost[] {
  const sites = groupBy(hosts, ({ site }) => site);
  return spread(sites.map((site) =>
    spread(
      groupBy(site, ({ rack }) => rack)
        .map((rack) => rack.toSorted((a, b) => compare(a.host, b.host))),
    )
  ));
}

/** Groups by name, in the order of the names. */
function groupBy(
  hosts: readonly KnownHost[],
  nameOf: (host: KnownHost) => string,
): KnownHost[][] {
  const groups = Map.groupBy(hosts, nameOf);
  return [...groups].toSorted(([a], [b]) => compare(a, b)).map(([, group]) => group);
}

/**
 * Merges groups: the first of each, then each group as often as its share of all says, so that any beginning of the result
 * has of each group as large a part as of the others.
 */
function spread<T>(groups: readonly (readonly T[])[]): T[] {
  return groups.flatMap((group) =>
    group.map((one, index) => ({ one, at: index / group.length, size: group.length }))
  )
    // Sorting keeps the order of the groups where nothing else decides.
    .toSorted((a, b) => a.at - b.at || b.size - a.size)
    .map(({ one }) => one);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
