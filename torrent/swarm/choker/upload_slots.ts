/**
 * The upload slots: which peers are sent blocks at a time. Hosts in a data center do not free-ride, so there are no
 * choking rounds: an interested peer gets a slot at once and keeps it, and only when more peers are interested than there
 * are slots does a holder that has had its share make room for the one that has waited longest. Pure.
 */

/**
 * Each slot costs a send buffer and ties up a window of blocks. The tracker gives a host fewer neighbours than this, so
 * only peers that come from elsewhere ever wait.
 */
export const UPLOAD_SLOTS = 64;
/** A holder's share: large enough that the next holder's start-up does not matter, small enough that nobody waits long. */
const SHARE_BYTES = 64 * 1024 * 1024;

/** A slot that was granted (choked: false) or withdrawn (choked: true). */
export interface SlotChange<Peer> {
  readonly peer: Peer;
  readonly choked: boolean;
}

/** Holders of upload slots, and the queue of those who wait for one. Every method returns what changes for whom. */
export class UploadSlots<Peer> {
  readonly #slots: number;
  /** Bytes sent to each holder since it got its slot; the oldest holder comes first. */
  readonly #holders = new Map<Peer, number>();
  readonly #waiting = new Set<Peer>();

  constructor(slots = UPLOAD_SLOTS) {
    this.#slots = slots;
  }

  /** How many slots are held. */
  get held(): number {
    return this.#holders.size;
  }

  /** The peer is interested: it gets a slot, or waits for one. */
  join(peer: Peer): SlotChange<Peer>[] {
    if (this.#holders.has(peer)) return [];
    this.#waiting.add(peer);
    return this.#fill();
  }

  /** The peer is not interested any more, or has gone: its slot goes to the one that has waited longest. */
  leave(peer: Peer): SlotChange<Peer>[] {
    this.#waiting.delete(peer);
    if (!this.#holders.delete(peer)) return [];
    return [{ peer, choked: true }, ...this.#fill()];
  }

  /** Bytes were sent to the peer: a holder that has had its share goes to the end of the queue, if there is one. */
  onSent(peer: Peer, sizeBytes: number): SlotChange<Peer>[] {
    const hadBytes = this.#holders.get(peer);
    if (hadBytes === undefined) return [];
    this.#holders.set(peer, hadBytes + sizeBytes);
    if (this.#waiting.size === 0 || hadBytes + sizeBytes < SHARE_BYTES) return [];
    this.#holders.delete(peer);
    this.#waiting.add(peer);
    return [{ peer, choked: true }, ...this.#fill()];
  }

  #fill(): SlotChange<Peer>[] {
    const changes: SlotChange<Peer>[] = [];
    for (const peer of this.#waiting) {
      if (this.#holders.size >= this.#slots) break;
      this.#waiting.delete(peer);
      this.#holders.set(peer, 0);
      changes.push({ peer, choked: false });
    }
    return changes;
  }
}
