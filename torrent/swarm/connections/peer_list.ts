/**
 * The addresses at which a transfer's peers listen, and when each of them is to be dialled (again). It outlives the
 * tracker: while that is down, the peers that it named last are still dialled. Pure; times are the transfer's seconds.
 */

import type { Random } from "../../../base/random.ts";

/** Bound of the list: trackers name fewer addresses at a time. Beyond it the oldest are forgotten. */
const MAX_ADDRESSES = 512;
/** After this many failures in a row an address is forgotten until a tracker names it again. */
const MAX_FAILURES = 10;
/** The longest pause between two attempts: a host that was restarted is found again within that time. */
const MAX_PAUSE_TICKS = 30;

interface Entry {
  failures: number;
  dueTick: number;
  isBusy: boolean;
}

/** Known addresses with their failures and the time of the next attempt. */
export class PeerList {
  readonly #random: Random;
  readonly #entries = new Map<string, Entry>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many addresses are known. */
  get size(): number {
    return this.#entries.size;
  }

  /** A tracker has named that address: it is due at once. */
  add(address: string): void {
    const known = this.#entries.get(address);
    if (known !== undefined) {
      known.dueTick = 0;
      return;
    }
    this.#entries.set(address, { failures: 0, dueTick: 0, isBusy: false });
    for (const [oldest, { isBusy }] of this.#entries) {
      if (this.#entries.size <= MAX_ADDRESSES) break;
      if (!isBusy) this.#entries.delete(oldest);
    }
  }

  /** The next address to dial, which is busy from now on; undefined if none is due. */
  next(tick: number, isWanted: (address: string) => boolean): string | undefined {
    for (const [address, entry] of this.#entries) {
      if (entry.isBusy || entry.dueTick > tick || !isWanted(address)) continue;
      entry.isBusy = true;
      return address;
    }
    return undefined;
  }

  /** There is a connection with that address: earlier failures count no more. */
  connected(address: string): void {
    const entry = this.#entries.get(address);
    if (entry !== undefined) entry.failures = 0;
  }

  /** Dialling failed, or the connection has ended: the address is due again after a pause, or forgotten. */
  ended(address: string, tick: number): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.isBusy = false;
    entry.failures++;
    if (entry.failures > MAX_FAILURES) this.#entries.delete(address);
    const pauseTicks = Math.min(2 ** entry.failures, MAX_PAUSE_TICKS);
    // Hosts that lost the same peer at the same moment should not all come back at the same moment.
    entry.dueTick = tick + Math.ceil(pauseTicks * (0.5 + this.#random() / 2));
  }
}
