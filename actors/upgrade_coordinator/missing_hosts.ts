/**
 * Who is missing from the quorum, by name, for the words of the host that is first in the staging queue. The others say behind
 * whom they wait.
 *
 * @module
 */

import { readMissingHosts } from "../../coordination/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { Deps, Reading, State } from "./state.ts";

/** Time between two readings of the names of all hosts, in ms: for an operator who looks. */
const NAMING_GAP_MS = 30_000;

/** A reading with who is missing, as far as that was read not long ago for the same wave. */
export function withKnownMissing({ missing }: State, reading: Reading, { context }: Deps): Reading {
  const { census } = reading;
  const isKnown = missing !== null && missing.wave === census.wave?.node &&
    context.clock.nowMs() - missing.atMs < NAMING_GAP_MS;
  if (census.missingHosts !== null || !isKnown) return reading;
  return { ...reading, census: { ...census, missingHosts: missing.hosts } };
}

/** Has the hosts named that are missing from the quorum. */
export function nameMissing(
  { census: { wave } }: Reading,
  zookeeper: ZooKeeper,
  { context }: Deps,
): void {
  if (wave === null) return;
  const { node } = wave;
  context.pipeToSelf(() => readMissingHosts(zookeeper, wave), {
    ok: (hosts) => ({ type: "missing_named", wave: node, hosts }),
    error: () => ({ type: "missing_named", wave: node, hosts: [] }),
  }, { key: "missing" });
}
