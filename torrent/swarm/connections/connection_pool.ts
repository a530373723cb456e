/**
 * The connections of one transfer: whom to dial, whom to let in, and which of two connections
 * between the same two hosts stays. What is said on them is the peers' business.
 */

import type { Clock } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import { PeerList } from "./peer_list.ts";
import { BanList } from "./ban_list.ts";
import {
  dial,
  type EstablishedConnection,
  type OwnIdentity,
  parseAddress,
  type Provenance,
} from "../wire/handshaker.ts";
import type { Peer } from "../peer/peer.ts";

/** The tracker names fewer neighbours than that; each costs buffers of up to 1.5 MiB while busy. */
const MAX_CONNECTIONS = 128;
/** Leaves room for those who dial us. */
const MAX_OUTGOING = 80;
/** Attempts at a time; a rack that is down must not hold up the others. */
const MAX_DIALLING = 16;

/** What it needs. */
export interface ConnectionPoolOptions {
  readonly own: OwnIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly tick: () => number;
  /** Whether there is a reason to dial again by ourselves whom a tracker named earlier. */
  readonly isHungry: () => boolean;
  /** A connection is to be kept: makes a peer of it. */
  readonly admit: (origin: Provenance) => Peer;
  /** Nobody listens at that address any more. */
  readonly onRefused: (address: string) => void;
  /** The peer is in the table: it begins. */
  readonly start: (peer: Peer) => void;
}

/** See the file's head. */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #peers = new Set<Peer>();
  readonly #addresses: PeerList;
  readonly #bans = new BanList();
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #dialling = 0;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#addresses = new PeerList(options.random);
  }

  /** The peers whose connections are open. */
  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  /** A tracker has named these. */
  add(addresses: readonly string[]): void {
    for (const address of addresses) this.#addresses.add(address);
    this.#dialDue(true);
  }

  /** Somebody has dialled us. */
  accept(greeted: EstablishedConnection): void {
    this.#decide({ ...greeted, isOutgoing: false });
  }

  /** Once a second. */
  onTick(): void {
    if (this.#options.isHungry()) this.#dialDue(false);
  }

  /** It sent wrong bytes: it goes, and does not come back. */
  ban(peer: Peer, reason: string): void {
    const { handshake: { peerId }, address } = peer.origin;
    const { listensOn } = peer;
    this.#bans.ban({ peerId, listensOn, host: parseAddress(address).hostname });
    if (listensOn !== undefined) this.#addresses.delete(listensOn);
    peer.close(reason);
  }

  /** The peer's connection has ended. */
  remove(peer: Peer): void {
    this.#peers.delete(peer);
    if (peer.origin.isOutgoing) {
      this.#addresses.ended(peer.origin.address, this.#options.tick());
    }
    this.#track(peer.socket.ended());
  }

  /** Closes all of them, and waits until no socket is left. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const peer of [...this.#peers]) peer.close("the transfer has ended");
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #dialDue(evenIfSated: boolean): void {
    if (this.#stop.signal.aborted) return;
    const { tick, isHungry } = this.#options;
    if (!evenIfSated && !isHungry()) return;
    const connected = new Set<string | undefined>();
    let outgoing = this.#dialling;
    for (const peer of this.#peers) {
      connected.add(peer.listensOn);
      if (peer.origin.isOutgoing) outgoing++;
    }
    const isWanted = (address: string) =>
      !connected.has(address) &&
      !this.#bans.isBanned({ listensOn: address, host: parseAddress(address).hostname });
    while (this.#dialling < MAX_DIALLING && outgoing < MAX_OUTGOING) {
      const address = this.#addresses.next(tick(), isWanted);
      if (address === undefined) return;
      outgoing++;
      this.#track(this.#dial(address));
    }
  }

  async #dial(address: string): Promise<void> {
    const { own, clock, tick } = this.#options;
    this.#dialling++;
    try {
      const greeted = await dial(address, own, { clock, signal: this.#stop.signal });
      if (this.#decide({ ...greeted, isOutgoing: true })) this.#addresses.connected(address);
      else this.#addresses.ended(address, tick());
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) this.#options.onRefused(address);
      // Refused, unreachable, silent, or ourselves: the book says when it is worth another attempt.
      this.#addresses.ended(address, tick());
    } finally {
      this.#dialling--;
    }
    this.#dialDue(false);
  }

  /** Keeps the connection or closes it. */
  #decide(origin: Provenance): boolean {
    if (!this.#isWelcome(origin)) {
      origin.connection.close();
      return false;
    }
    const peer = this.#options.admit(origin);
    this.#peers.add(peer);
    this.#options.start(peer);
    return true;
  }

  #isWelcome(origin: Provenance): boolean {
    if (this.#stop.signal.aborted) return false;
    const { handshake: { peerId }, address, isOutgoing } = origin;
    const host = parseAddress(address).hostname;
    if (this.#bans.isBanned({ peerId, host })) return false;
    for (const other of this.#peers) {
      if (other.origin.handshake.peerId !== peerId) continue;
      // An id is nothing to go by at another address: whoever was there first keeps it.
      if (parseAddress(other.origin.address).hostname !== host) return false;
      // Two hosts that dial each other at once get two connections, and everything twice to do. Both
      // ends keep the one that the smaller peer id dialled.
      const keepsDialled = this.#options.own.peerId < peerId;
      if (isOutgoing === other.origin.isOutgoing || isOutgoing !== keepsDialled) return false;
      other.close("there is a second connection with it");
      break;
    }
    return this.#peers.size < MAX_CONNECTIONS;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}
