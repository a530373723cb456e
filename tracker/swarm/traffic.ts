/**
 * Bytes by border, from what peers say in their announces. They say how much they have received since
 * they began; what is kept is how much that is more than the last time.
 */

import type { Member, ReceivedBytes } from "../members/members.ts";

/** Peers that left and are remembered, in case they come back with the same count. */
const MAX_DEPARTED = 50_000;

const NOTHING: ReceivedBytes = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };

/** The sum over all peers of one swarm. */
export class Traffic {
  #total: ReceivedBytes = NOTHING;
  /** Last counts of peers that are gone, by peer id; the oldest go first. */
  readonly #departed = new Map<string, ReceivedBytes>();
  #isReported = false;

  /** Received so far, by how far the sender was. */
  get total(): ReceivedBytes {
    return this.#total;
  }

  /** Whether any peer ever said something. */
  get isReported(): boolean {
    return this.#isReported;
  }

  /** Takes in what a member says. */
  report(member: Member, received: ReceivedBytes): void {
    this.#isReported = true;
    const before = member.received ?? this.#departed.get(member.peerId) ?? NOTHING;
    if (member.received === undefined) this.#departed.delete(member.peerId);
    member.received = received;
    const added = {
      rackBytes: growth(before.rackBytes, received.rackBytes),
      siteBytes: growth(before.siteBytes, received.siteBytes),
      remoteBytes: growth(before.remoteBytes, received.remoteBytes),
    };
    this.#total = {
      rackBytes: this.#total.rackBytes + added.rackBytes,
      siteBytes: this.#total.siteBytes + added.siteBytes,
      remoteBytes: this.#total.remoteBytes + added.remoteBytes,
    };
    if (member.site !== undefined) member.site.receivedBytes += added.remoteBytes;
    if (member.rack !== undefined) {
      member.rack.receivedBytes += added.siteBytes + added.remoteBytes;
    }
  }

  /** A member has left. */
  depart(member: Member): void {
    if (member.received === undefined) return;
    this.#departed.set(member.peerId, member.received);
    if (this.#departed.size <= MAX_DEPARTED) return;
    for (const oldest of this.#departed.keys()) {
      this.#departed.delete(oldest);
      break;
    }
  }
}

/** One that counts from the beginning again has received all that it says. */
function growth(before: number, now: number): number {
  return now >= before ? now - before : now;
}
