/**
 * Who is away, by name, for the words in which a host says for whom it waits. A host reads names only if it waits for them, and
 * only now and then.
 *
 * @module
 */

import { readAwayHosts } from "../../coordination/mod.ts";
import { isHeld } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { Deps, Reading, State } from "./state.ts";

/** Time between two readings of the names of all hosts, in ms: for an operator who looks. */
const NAMING_GAP_MS = 30_000;

/** A reading with who is away, as far as that was read not long ago. */
export function withKnownAway({ away }: State, reading: Reading, { context }: Deps): Reading {
  const { census } = reading;
  const isKnown = away !== null && context.clock.nowMs() - away.atMs < NAMING_GAP_MS;
  if (census.awayHosts !== null || !isKnown) return reading;
  const { area, hosts } = away;
  const known = area === null ? { awayHosts: hosts } : { awayInAreas: new Map([[area, hosts]]) };
  return { ...reading, census: { ...census, ...known } };
}

/** Has the hosts named that are away, of the service, or of the rack or site that this host waits for. */
export function nameAway(
  { census }: Reading,
  { zookeeper, area }: { readonly zookeeper: ZooKeeper; readonly area: string | null },
  { options: { service, host }, context }: Deps,
): void {
  const holders = [...census.slots.values()].filter(({ slot }) => isHeld(slot))
    .map(({ slot }) => slot.host);
  const known = [host, ...holders];
  context.pipeToSelf(() => readAwayHosts(zookeeper, service, { known, area }), {
    ok: (hosts) => ({ type: "away_named", area, hosts }),
    error: () => ({ type: "away_named", area, hosts: [] }),
  }, { key: "away" });
}
