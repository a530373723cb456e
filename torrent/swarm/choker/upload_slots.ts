/**
 * The upload slots: which peers are sent blocks at a time. Hosts in a data center do not free-ride, so there are no
 * choking rounds: an interested peer gets a slot at once and keeps it. Only when more peers are interested than there
 * are slots does a holder make room for the one that has waited longest: the holder that asks for nothing, that has had
 * its share or its turn, or whose address holds more than its part. So no stranger can silence a seed by holding slots.
 * Pure.
 */

/**
 * Each slot costs a send buffer and ties up a window of blocks. The tracker gives a host fewer neighbours than this, so
 * only peers that come from elsewhere ever wait.
 */
export const UPLOAD_SLOTS = 64;
/**
 * A holder's share: large enough that the next holder's start-up does not matter, small enough that nobody waits long.
 */
const SHARE_BYTES = 64 * 1024 * 1024;
/**
 * A holder that was sent nothing for so many seconds does not use its slot. Requests take far less than one to arrive.
 */
const IDLE_TICKS = 5;
/**
 * So many seconds a holder keeps its slot while others wait, however little it takes: the bound of everybody's wait.
 */
const TURN_TICKS = 30;
/**
 * An address, which is a host and may be a stranger's, that holds so many slots more than that of one who waits, gives one
 * up. By one more, two addresses would take a slot from each other in turn.
 */
const UNFAIR_SLOTS = 2;

/** A slot that was granted (choked: false) or withdrawn (choked: true). */
export interface SlotChange<Peer> {
  readonly peer: Peer;
  readonly choked: boolean;
}

/** How slots are given out. */
export interface UploadSlotsOptions<Peer> {
  /** Default: {@link UPLOAD_SLOTS}. */
  readonly slots?: number;
  /** The address of a peer, without its port. */
  readonly addressOf: (peer: Peer) => string;
  /** Whether the peer asks for blocks and waits for the host's own rate limits: then it is not idle. */
  readonly isThrottled: (peer: Peer) => boolean;
}

/** A peer that holds a slot. */
interface Holding {
  readonly address: string;
  readonly sinceTick: number;
  /** Sent to it since it got the slot. */
  sentBytes: number;
  lastSentTick: number;
}

/** Holders of upload slots, and the queue of those who wait for one. Every method returns what changes for whom. */
export class UploadSlots<Peer> {
  readonly #options: UploadSlotsOptions<Peer>;
  readonly #slots: number;
  /** The oldest holder comes first. */
  readonly #holders = new Map<Peer, Holding>();
  /** Number of slots that each address holds. */
  readonly #heldBy = new Map<string, number>();
  readonly #waiting = new Set<Peer>();
  #tick = 0;

  constructor(options: UploadSlotsOptions<Peer>) {
    this.#options = options;
    this.#slots = options.slots ?? UPLOAD_SLOTS;
  }

  /** How many slots are held. */
  get held(): number {
    return this.#holders.size;
  }

  /** The peer is interested: it gets a slot, or waits for one. */
  join(peer: Peer): SlotChange<Peer>[] {
    if (this.#holders.has(peer)) return [];
    this.#waiting.add(peer);
    return this.#serveWaiting();
  }

  /** The peer is not interested any more, or has gone: its slot goes to the one that has waited longest. */
  leave(peer: Peer): SlotChange<Peer>[] {
    this.#waiting.delete(peer);
    if (!this.#withdraw(peer)) return [];
    return [{ peer, choked: true }, ...this.#serveWaiting()];
  }

  /** Bytes were sent to the peer: a holder that has had its share goes to the end of the queue, if there is one. */
  onSent(peer: Peer, sizeBytes: number): SlotChange<Peer>[] {
    const holding = this.#holders.get(peer);
    if (holding === undefined) return [];
    holding.sentBytes += sizeBytes;
    holding.lastSentTick = this.#tick;
    if (this.#waiting.size === 0 || holding.sentBytes < SHARE_BYTES) return [];
    return [this.#sendToQueue(peer), ...this.#serveWaiting()];
  }

  /** Once a second. */
  onTick(): SlotChange<Peer>[] {
    this.#tick++;
    return this.#serveWaiting();
  }

  /** Gives slots to those who wait: free ones, and those of holders that have to make room. */
  #serveWaiting(): SlotChange<Peer>[] {
    const changes: SlotChange<Peer>[] = [];
    // Holders that make room join the queue, and are not served in the same round.
    for (let left = this.#waiting.size; left > 0; left--) {
      const next = this.#nextWaiting();
      if (next === undefined) break;
      if (this.#holders.size >= this.#slots) {
        const yielding = this.#findYielding(next);
        if (yielding === undefined) break;
        changes.push(this.#sendToQueue(yielding));
      }
      changes.push(this.#grant(next));
    }
    return changes;
  }

  /** The next one in line: of those whose address holds the fewest slots, the one that has waited longest. */
  #nextWaiting(): Peer | undefined {
    let next: Peer | undefined;
    let least = Infinity;
    for (const peer of this.#waiting) {
      const held = this.#heldBy.get(this.#options.addressOf(peer)) ?? 0;
      if (held >= least) continue;
      next = peer;
      least = held;
    }
    return next;
  }

  /**
   * The holder that makes room for that peer, if one has to: of several the one that has been idle for the longest
   * time.
   */
  #findYielding(next: Peer): Peer | undefined {
    const nextHolds = this.#heldBy.get(this.#options.addressOf(next)) ?? 0;
    let longest: Peer | undefined;
    let longestTicks = -1;
    for (const [peer, { address, sinceTick, lastSentTick }] of this.#holders) {
      const idleTicks = this.#tick - lastSentTick;
      const mayYield = (this.#heldBy.get(address) ?? 0) >= nextHolds + UNFAIR_SLOTS ||
        this.#tick - sinceTick >= TURN_TICKS ||
        idleTicks >= IDLE_TICKS && !this.#options.isThrottled(peer);
      if (!mayYield || idleTicks <= longestTicks) continue;
      longest = peer;
      longestTicks = idleTicks;
    }
    return longest;
  }

  #grant(peer: Peer): SlotChange<Peer> {
    this.#waiting.delete(peer);
    const address = this.#options.addressOf(peer);
    const tick = this.#tick;
    this.#holders.set(peer, { address, sinceTick: tick, lastSentTick: tick, sentBytes: 0 });
    this.#heldBy.set(address, (this.#heldBy.get(address) ?? 0) + 1);
    return { peer, choked: false };
  }

  #sendToQueue(peer: Peer): SlotChange<Peer> {
    this.#withdraw(peer);
    this.#waiting.add(peer);
    return { peer, choked: true };
  }

  #withdraw(peer: Peer): boolean {
    const holding = this.#holders.get(peer);
    if (holding === undefined) return false;
    this.#holders.delete(peer);
    const held = (this.#heldBy.get(holding.address) ?? 1) - 1;
    if (held === 0) this.#heldBy.delete(holding.address);
    else this.#heldBy.set(holding.address, held);
    return true;
  }
}
