/**
 * This room decides whose requests are served (BEP 3: who is unchoked). Every interested peer gets an upload slot
 * (`upload_slots.ts`), except that peers farther away wait while local peers lack what we have (`local_first.ts`).
 * Input: interest, bytes sent and one tick a second; output: `setChoked` on the peers.
 */

import { type Distance, isWithin } from "../../../base/locality.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import { type LocalDemand, LocalFirst } from "./local_first.ts";
import { type SlotChange, UploadSlots } from "./upload_slots.ts";

/** What the choker needs of a peer. */
export type ChokedPeer = Pick<
  SwarmPeer,
  "isInterested" | "distance" | "locality" | "ipAddress" | "isThrottled" | "setChoked"
>;

/** What the swarm reports once a second; the rest of {@link LocalDemand} the choker knows by itself. */
export type ChokerTick = Omit<
  LocalDemand,
  "hasLocalDownloaders" | "sentBytes" | "sentLocallyBytes"
>;

/** Grants and withdraws upload slots. */
export class Choker<Peer extends ChokedPeer = SwarmPeer> {
  readonly #slots = new UploadSlots<Peer>({
    addressOf: ({ ipAddress }) => ipAddress,
    isThrottled: ({ isThrottled }) => isThrottled,
  });
  readonly #localFirst = new LocalFirst();
  readonly #localScope: "rack" | "site";
  #sentBytes = 0;
  #sentLocallyBytes = 0;

  /** `localScope`: which peers are local, those of our rack or those of our site. */
  constructor(localScope: "rack" | "site") {
    this.#localScope = localScope;
  }

  /** The peer's interest, or where it says it is, may have changed. */
  update(peer: Peer): void {
    const isAdmitted = peer.isInterested && !(this.#localFirst.isActive && this.#mustWait(peer));
    apply(isAdmitted ? this.#slots.join(peer) : this.#slots.leave(peer));
  }

  /** The peer's connection has ended; its slot goes to the next in line. */
  remove(peer: Peer): void {
    apply(this.#slots.leave(peer).filter((change) => change.peer !== peer));
  }

  /** Blocks of that size were sent to the peer. */
  onSent(peer: Peer, sizeBytes: number): void {
    this.#sentBytes += sizeBytes;
    if (this.#isLocal(peer.distance)) this.#sentLocallyBytes += sizeBytes;
    apply(this.#slots.onSent(peer, sizeBytes));
  }

  /** Once a second, with all connected peers. */
  onTick(state: ChokerTick, peers: Iterable<Peer>): void {
    const all = [...peers];
    const wasActive = this.#localFirst.isActive;
    const isActive = this.#localFirst.onTick({
      ...state,
      hasLocalDownloaders: all.some((peer) => peer.isInterested && this.#isLocal(peer.distance)),
      sentBytes: this.#sentBytes,
      sentLocallyBytes: this.#sentLocallyBytes,
    });
    this.#sentBytes = this.#sentLocallyBytes = 0;
    if (isActive !== wasActive) { for (const peer of all) this.update(peer); }
    apply(this.#slots.onTick());
  }

  #isLocal(distance: Distance): boolean {
    return isWithin(this.#localScope, distance);
  }

  /**
   * Whether the peer is not served while local peers come first. A seed (scope "site") does not hold up peers that do
   * not say where they are: it may be the only one that they have.
   */
  #mustWait({ distance, locality }: Peer): boolean {
    return !this.#isLocal(distance) && (this.#localScope === "rack" || locality !== undefined);
  }
}

function apply(changes: readonly SlotChange<ChokedPeer>[]): void {
  for (const { peer, choked } of changes) peer.setChoked(choked);
}
