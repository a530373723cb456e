/**
 * Hosts of our site that we might have fetched from and whose connections broke off before they had everything, and those
 * at whose address nobody listens any more. If one of them was a gateway, all that is behind it waits until somebody else
 * is: the tracker is to hear of it before it misses their announces. Pure.
 */

import { type Distance, isWithin, type Reach } from "../../../base/locality.ts";

/** What is looked at of a peer. */
export interface Losable {
  /** "address:port", or undefined if it has not said. */
  readonly listensOn: string | undefined;
  readonly distance: Distance;
  readonly download: { readonly pieces: { readonly isSeed: boolean } };
}

/** A rack that loses its power takes more with it; of those the tracker has only one gateway to replace. */
const MAX_LOST = 8;
/** After that the tracker has missed them by itself. */
const LOST_TICKS = 15;

/** See the file's head. */
export class LostPeers {
  /** By address, with the second at which they were lost, oldest first. */
  readonly #lost = new Map<string, number>();

  /** Its connection has ended; whether it is missed by us, who are to fetch from so far away. */
  onEnded(peer: Losable, { reach, tick }: { reach: Reach; tick: number }): boolean {
    const { listensOn, distance, download } = peer;
    if (!isWithin("site", distance) || !isWithin(reach, distance)) return false;
    if (listensOn === undefined || download.pieces.isSeed) return false;
    this.#add(listensOn, tick);
    return true;
  }

  /** Nobody listens where the tracker says that one does. */
  onRefused(address: string, tick: number): void {
    this.#add(address, tick);
  }

  /** There is a connection with it (again). */
  onConnected({ listensOn }: Pick<Losable, "listensOn">): void {
    if (listensOn !== undefined) this.#lost.delete(listensOn);
  }

  /** The addresses of those that were lost in the last seconds. */
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
