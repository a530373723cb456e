/**
 * Who is sent blocks at a time. In a data center nobody is greedy, so there are no choking rounds:
 * whoever is interested gets a slot at once and keeps it, and only with more takers than slots does
 * one that has had its share make room for the one that waits longest. Pure.
 */

/**
 * Each taker costs a buffer and ties up a window of blocks; the tracker gives a host fewer
 * neighbours than that, so waiting is for whoever comes from elsewhere.
 */
export const UPLOAD_SLOTS = 64;
/** A few pieces: enough that the next holder's start does not count, and nobody waits long. */
const SHARE_BYTES = 64 * 1024 * 1024;

/** What changes for whom. */
export interface SlotChange<Taker> {
  readonly taker: Taker;
  readonly choked: boolean;
}

/** See the file's head. */
export class UploadSlots<Taker> {
  readonly #slots: number;
  /** How much each has had since it got its slot, oldest holder first. */
  readonly #holders = new Map<Taker, number>();
  readonly #waiting = new Set<Taker>();

  constructor(slots = UPLOAD_SLOTS) {
    this.#slots = slots;
  }

  /** How many hold a slot. */
  get held(): number {
    return this.#holders.size;
  }

  /** It is interested: it gets a slot, or waits for one. */
  join(taker: Taker): SlotChange<Taker>[] {
    if (this.#holders.has(taker)) return [];
    this.#waiting.add(taker);
    return this.#fill();
  }

  /** It is not interested any more, or gone; whoever gets its slot is in the answer. */
  leave(taker: Taker): SlotChange<Taker>[] {
    this.#waiting.delete(taker);
    if (!this.#holders.delete(taker)) return [];
    return [{ taker, choked: true }, ...this.#fill()];
  }

  /** So much was sent to it. */
  onSent(taker: Taker, sizeBytes: number): SlotChange<Taker>[] {
    const hadBytes = this.#holders.get(taker);
    if (hadBytes === undefined) return [];
    this.#holders.set(taker, hadBytes + sizeBytes);
    if (this.#waiting.size === 0 || hadBytes + sizeBytes < SHARE_BYTES) return [];
    this.#holders.delete(taker);
    this.#waiting.add(taker);
    return [{ taker, choked: true }, ...this.#fill()];
  }

  #fill(): SlotChange<Taker>[] {
    const changes: SlotChange<Taker>[] = [];
    for (const taker of this.#waiting) {
      if (this.#holders.size >= this.#slots) break;
      this.#waiting.delete(taker);
      this.#holders.set(taker, 0);
      changes.push({ taker, choked: false });
    }
    return changes;
  }
}
