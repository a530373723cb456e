/** What happens to the fleets of the tracker's simulation, and the least time that it would take. */

import type { Random } from "../../../base/random.ts";
import type { FleetShape, Host } from "./fleet.ts";

/** The names of the scenarios. */
export type ScenarioName =
  | "all at once"
  | "staggered start"
  | "a rack joins late"
  | "gateways die"
  | "a slow gateway";

/** In the order of the tables. */
export const scenarioNames: readonly ScenarioName[] = [
  "all at once",
  "staggered start",
  "a rack joins late",
  "gateways die",
  "a slow gateway",
];

/** A slow host's link, as a part of the others'. */
const SLOW_RATE = 0.2;

/** Changes a fleet that begins all at once into that of the scenario. */
export function stage(
  name: ScenarioName,
  { shape, hosts, random }: { shape: FleetShape; hosts: Host[]; random: Random },
): void {
  const others = hosts.slice(1);
  switch (name) {
    case "all at once":
      return;
    case "staggered start":
      for (const host of others) host.joins = Math.floor(random() * fetchRounds(shape));
      return;
    case "a rack joins late":
      for (const host of others) {
        if (host.rack === shape.racksPerSite) host.joins = lateRound(shape);
      }
      return;
    case "gateways die":
      // The first of a rack is its gateway, the first of a site the site's: a quarter in, half of them are gone.
      for (const host of firstOfRacks(others)) {
        if (host.rack % 2 === 0) host.dies = Math.floor(fetchRounds(shape) / 4);
      }
      return;
    case "a slow gateway": {
      // The first of the second site, which would be what all of the site waits for.
      const first = others.find(({ site }) => site === 1);
      if (first !== undefined) first.rate *= SLOW_RATE;
      return;
    }
  }
}

/**
 * Rounds that nobody can beat, with links between sites and racks that never limit: what the link
 * carries per round into each host, and a doubling per round before the last piece has reached everybody.
 */
export function leastRounds(name: ScenarioName, shape: FleetShape, hosts: readonly Host[]): number {
  const together = fetchRounds(shape) + Math.ceil(Math.log2(hosts.length));
  const lastStart = Math.max(...hosts.map((host) => host.joins)) + fetchRounds(shape);
  return name === "staggered start" || name === "a rack joins late"
    ? Math.max(together, lastStart)
    : together;
}

/** Who is measured: the slow host itself cannot be faster than its link. */
export function isMeasured(host: Host, shape: FleetShape): boolean {
  return host.dies === undefined && host.rate >= (shape.perRound ?? 1);
}

/** The rounds in which a host's link carries the release. */
function fetchRounds({ pieces, perRound = 1 }: FleetShape): number {
  return Math.ceil(pieces / perRound);
}

function lateRound(shape: FleetShape): number {
  return Math.floor(fetchRounds(shape) / 2);
}

function firstOfRacks(hosts: readonly Host[]): Host[] {
  const seen = new Set<number>();
  return hosts.filter(({ rack }) => !seen.has(rack) && seen.add(rack) !== undefined);
}
