/** Connections between two seeds carry nothing, and others may want the place: they are closed after a while. Pure. */

import type { SwarmPeer } from "../swarm_peer.ts";

/** How many seconds such a connection stays open, so that displays of progress show the peer until the end. */
const GRACE_TICKS = 5;

/** Counts for how long each connected seed has been redundant. */
export class RedundantSeeds {
  readonly #ticks = new WeakMap<Pick<SwarmPeer, "isSeed">, number>();

  /** Once a second for each peer of a host that has everything; whether the peer's connection is to be closed. */
  onTick(peer: Pick<SwarmPeer, "isSeed">): boolean {
    if (!peer.isSeed) return false;
    const ticks = (this.#ticks.get(peer) ?? 0) + 1;
    this.#ticks.set(peer, ticks);
    return ticks > GRACE_TICKS;
  }
}
