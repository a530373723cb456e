/**
 * How many bytes crossed which border, from what peers say in their announces. A peer says how much it has received since
 * it began; what is added up is by how much that has grown since its last announce.
 */

import type { BytesByDistance } from "../../base/locality.ts";
import type { Member } from "../members/mod.ts";

/** Peers that have left and whose last count is kept, in case they come back with the same count. */
const MAX_DEPARTED = 50_000;

const NO_BYTES: Readonly<BytesByDistance> = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };

/** The bytes that all peers of one swarm have received, also those that have left. */
export class Traffic {
  #total: Readonly<BytesByDistance> = NO_BYTES;
  /** The last counts of peers that have left, by peer id; the oldest are dropped first. */
  readonly #departed = new Map<string, Readonly<BytesByDistance>>();
  #isReported = false;

  /** Received so far, by how far away the sender was. */
  get total(): Readonly<BytesByDistance> {
    return this.#total;
  }

  /** Whether any peer has ever said what it received. */
  get isReported(): boolean {
    return this.#isReported;
  }

  /** Counts what a member says it has received since it began. */
  report(member: Member, received: Readonly<BytesByDistance>): void {
    this.#isReported = true;
    const before = member.received ?? this.#departed.get(member.peerId) ?? NO_BYTES;
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

  /** Keeps the count of a member that has left. */
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

/** By how much a count has grown; a peer whose count has become less began anew and has received all of it since. */
function growth(before: number, now: number): number {
  return now >= before ? now - before : now;
}
