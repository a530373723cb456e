/** Small builders of hosts that a plan chooses among. */

import type { KnownHost } from "../../../../rollout/mod.ts";

/** A host at a place such as `ams/r1`, that serves unless said otherwise. */
export function at(place: string, host: string, more: Partial<KnownHost> = {}): KnownHost {
  const [site = "", rack = ""] = place.split("/");
  return { host, site, rack, labels: {}, isServing: true, ...more };
}

/** So many hosts at each place. */
export function fleetOf(counts: Readonly<Record<string, number>>): KnownHost[] {
  return Object.entries(counts).flatMap(([place, count]) =>
    Array.from({ length: count }, (_, index) => at(place, `${place.replace("/", "-")}-${index}`))
  );
}
