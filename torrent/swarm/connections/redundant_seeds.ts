/** Two that have everything have nothing to say to each other, and others may want the place. Pure. */

/** What is looked at of a peer. */
export interface Idler {
  readonly download: { readonly pieces: { readonly isSeed: boolean } };
}

/** So long a connection between two that have everything stays: progress shows it to the last. */
const USELESS_TICKS = 5;

/** See the file's head. */
export class RedundantSeeds {
  readonly #ticks = new WeakMap<Idler, number>();

  /** Once a second, for a host that has everything; whether that peer's connection is to be closed. */
  onTick(peer: Idler): boolean {
    if (!peer.download.pieces.isSeed) return false;
    const ticks = (this.#ticks.get(peer) ?? 0) + 1;
    this.#ticks.set(peer, ticks);
    return ticks > USELESS_TICKS;
  }
}
