/**
 * The lost peers, which the next announce names: hosts of our site that we might have fetched from and whose
 * connections broke off before they had everything, and those at whose address nobody listens any more. If one of them
 * was a gateway, everything behind it waits until another host becomes one, so the tracker should hear of it before it
 * notices that their announces stay away. Pure.
 */

import { isWithin, type Reach } from "../../../base/locality.ts";
import type { SwarmPeer } from "../swarm_peer.ts";

/** A rack that loses its power takes more with it, but the tracker has only one gateway to replace. */
const MAX_LOST = 8;
/** After this many seconds the tracker has missed their announces by itself. */
const LOST_TICKS = 15;

/** Addresses of hosts that were lost lately; times are in the transfer's seconds. */
export class LostPeers {
  /** The tick at which each address was lost, oldest first. */
  readonly #lost = new Map<string, number>();

  /** A connection has ended. Returns whether the peer is one that we, with that reach, might have fetched from. */
  onEnded(
    peer: Pick<SwarmPeer, "listensOn" | "distance" | "isSeed">,
    { reach, tick }: { reach: Reach; tick: number },
  ): boolean {
    const { listensOn, distance, isSeed } = peer;
    if (!isWithin("site", distance) || !isWithin(reach, distance)) return false;
    if (listensOn === undefined || isSeed) return false;
    this.#add(listensOn, tick);
    return true;
  }

  /** Nobody listens at an address that the tracker has named. */
  onRefused(address: string, tick: number): void {
    this.#add(address, tick);
  }

  /** There is a connection with that peer (again). */
  onConnected({ listensOn }: Pick<SwarmPeer, "listensOn">): void {
    if (listensOn !== undefined) this.#lost.delete(listensOn);
  }

  /** The addresses that were lost in the last seconds before that tick. */
  at(tick: number): readonly string[] {
    for (const [address, lostTick] of this.#lost) {
      if (tick - lostTick > LOST_TICKS) this.#lost.delete(address);
    }
    return [...this.#lost.keys()];
  }

  #add(address: string, tick: number): void {
    this.#lost.delete(address);
    this.#lost.set(address, tick);
    const [oldest] = this.#lost.keys();
    if (this.#lost.size > MAX_LOST && oldest !== undefined) this.#lost.delete(oldest);
  }
}
