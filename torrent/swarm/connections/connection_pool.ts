/**
 * This room decides with whom a transfer is connected. Addresses come in from the tracker, established connections from
 * the engine's port; out go dialled connections and decisions: which connection is kept, which of two between the same
 * two hosts, and who is banned. What is said on a connection is the business of the peer that `admit` makes of it.
 */

import type { Clock } from "../../../base/clock.ts";
import type { Distance } from "../../../base/locality.ts";
import { reasonOf } from "../../../base/reason.ts";
import type { Random } from "../../../base/random.ts";
import type { RequestTarget } from "../pieces/request_target.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import {
  dial,
  type EstablishedConnection,
  type OwnIdentity,
  parseAddress,
  type Provenance,
} from "../wire/handshaker.ts";
import { BAN_TICKS, BanList } from "./ban_list.ts";
import { PeerList } from "./peer_list.ts";

/** The tracker names fewer neighbours than that; each connection costs buffers of up to 1.5 MiB while it is busy. */
const MAX_CONNECTIONS = 128;
/** Connections that we dial; the rest of {@link MAX_CONNECTIONS} is left for those who dial us. */
const MAX_OUTGOING = 80;
/**
 * Connections with one address, which is a host and may be a stranger's: a quarter of all. Hosts have one each; several
 * agents on one machine, or behind one NAT, have a few.
 */
const MAX_PER_ADDRESS = 32;
/**
 * A connection on which no block has passed for so many seconds may be dropped for a new one when there are too many.
 * New ones have that long to show what they are for.
 */
const IDLE_TICKS = 10;
/**
 * When there are too many, an address with so many connections more than that of a newcomer gives one up for it. By one more,
 * two addresses would take one from each other in turn.
 */
const UNFAIR_CONNECTIONS = 2;
/** Attempts to dial at a time: a rack that is down must not hold up the others. */
const MAX_DIALLING = 16;

/** What a pool works with, and whom it tells. */
export interface ConnectionPoolOptions {
  /** The release's info hash and our peer id, for the handshake. */
  readonly own: OwnIdentity;
  readonly clock: Clock;
  readonly random: Random;
  /** The transfer's seconds; see `PeerContext.tick`. */
  readonly tick: () => number;
  /** Whether pieces are missing: then addresses that a tracker named earlier are dialled again. */
  readonly isHungry: () => boolean;
  /** Makes a peer of a connection that is to be kept. */
  readonly admit: (provenance: Provenance) => SwarmPeer;
  /** Nobody listens at that address any more. */
  readonly onRefused: (address: string) => void;
  /** A peer is banned for so many seconds. */
  readonly onBanned: (address: string, reason: string, seconds: number) => void;
  /** A connection with that address was not kept, or dropped for another one. */
  readonly onTurnedAway: (address: string, reason: string) => void;
}

/** The open connections of a transfer, and the attempts to open more. */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #peers = new Set<SwarmPeer>();
  readonly #addresses: PeerList;
  readonly #bans = new BanList();
  /** The peers of this transfer, gone or not, as long as a piece remembers that it came from them. */
  readonly #peerOf = new WeakMap<RequestTarget, SwarmPeer>();
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #dialling = 0;
  #failedDial: { readonly address: string; readonly reason: string } | undefined;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#addresses = new PeerList(options.random);
  }

  /** The peers whose connections are open. */
  get peers(): ReadonlySet<SwarmPeer> {
    return this.#peers;
  }

  /** How many peers there are at each distance. */
  countByDistance(): Record<Distance, number> {
    const counts = { rack: 0, site: 0, remote: 0 };
    for (const { distance } of this.#peers) counts[distance]++;
    return counts;
  }

  /** How many addresses are known at which no peer is connected. */
  get unconnectedCount(): number {
    return Math.max(0, this.#addresses.size - this.#peers.size);
  }

  /** The first attempt to connect that has failed since a peer was connected. */
  get failedDial(): { readonly address: string; readonly reason: string } | undefined {
    return this.#failedDial;
  }

  /** A tracker has named these addresses ("address:port"): they are dialled as far as there is room. */
  add(addresses: readonly string[]): void {
    for (const address of addresses) this.#addresses.add(address);
    this.#dialDue({ evenIfSated: true });
  }

  /** A peer has dialled us for this release: the connection is kept or closed. */
  accept(established: EstablishedConnection): void {
    this.#decide({ ...established, isOutgoing: false });
  }

  /** Once a second: dials addresses that have become due again. */
  onTick(): void {
    this.#dialDue({ evenIfSated: false });
  }

  /**
   * These peers sent wrong bytes: their connections end, and no others with them are kept for a while. It holds also
   * for a peer that has disconnected before its bytes were found to be wrong.
   */
  ban(guilty: readonly RequestTarget[]): void {
    const reason = "it sent bytes that do not match their hash";
    for (const target of guilty) {
      const peer = this.#peerOf.get(target);
      if (peer === undefined) continue;
      this.#bans.ban(peer, this.#options.tick());
      peer.close(reason);
      this.#options.onBanned(peer.provenance.address, reason, BAN_TICKS);
    }
  }

  /** The addresses of the peers that are banned at present. */
  get banned(): readonly string[] {
    return this.#bans.at(this.#options.tick());
  }

  /** The peer's connection has ended. */
  remove(peer: SwarmPeer): void {
    this.#peers.delete(peer);
    const { isOutgoing, address } = peer.provenance;
    if (isOutgoing) this.#addresses.ended(address, this.#options.tick());
    this.#track(peer.ended());
  }

  /** Closes all connections and resolves when no socket is left. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const peer of [...this.#peers]) peer.close("the transfer has ended");
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #dialDue({ evenIfSated }: { evenIfSated: boolean }): void {
    if (this.#stop.signal.aborted) return;
    const { tick, isHungry } = this.#options;
    if (!evenIfSated && !isHungry()) return;
    const connected = new Set<string | undefined>();
    let outgoing = this.#dialling;
    for (const peer of this.#peers) {
      connected.add(peer.listensOn);
      if (peer.provenance.isOutgoing) outgoing++;
    }
    const isWanted = (address: string) =>
      !connected.has(address) && !this.#bans.isAddressBanned(address, tick());
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
      const established = await dial(address, own, { clock, signal: this.#stop.signal });
      if (this.#decide({ ...established, isOutgoing: true })) this.#addresses.connected(address);
      else this.#addresses.ended(address, tick());
    } catch (error) {
      const isRefused = error instanceof Deno.errors.ConnectionRefused;
      if (isRefused) this.#options.onRefused(address);
      // The first one stays: it is told to people, and would else be another one every second.
      this.#failedDial ??= { address, reason: isRefused ? "connection refused" : reasonOf(error) };
      // Refused, unreachable, silent, or ourselves: the peer list says when another attempt is due.
      this.#addresses.ended(address, tick());
    } finally {
      this.#dialling--;
    }
    this.#dialDue({ evenIfSated: false });
  }

  /** Makes a peer of the connection, or closes it; whether it was kept. */
  #decide(provenance: Provenance): boolean {
    if (!this.#isWelcome(provenance)) {
      provenance.connection.close();
      return false;
    }
    const peer = this.#options.admit(provenance);
    this.#failedDial = undefined;
    this.#peers.add(peer);
    this.#peerOf.set(peer.download, peer);
    peer.start();
    return true;
  }

  #isWelcome(provenance: Provenance): boolean {
    if (this.#stop.signal.aborted) return false;
    const { handshake: { peerId }, address, isOutgoing } = provenance;
    const host = parseAddress(address).hostname;
    if (this.#bans.isBanned(provenance, this.#options.tick())) {
      this.#options.onTurnedAway(address, "it is banned");
      return false;
    }
    for (const other of this.#peers) {
      // A peer id proves nothing, since everybody hears it: at another address it is another peer.
      if (other.provenance.handshake.peerId !== peerId || other.ipAddress !== host) continue;
      // Two hosts that dial each other at once get two connections. Both ends keep the one that the host with the
      // smaller peer id dialled.
      const keepsDialled = this.#options.own.peerId < peerId;
      if (isOutgoing === other.provenance.isOutgoing || isOutgoing !== keepsDialled) return false;
      other.close("there is a second connection with it");
      break;
    }
    return this.#makeRoom(provenance);
  }

  /** Whether there is room for that connection; if need be the least useful one is dropped for it. */
  #makeRoom({ address }: Provenance): boolean {
    const host = parseAddress(address).hostname;
    const ofHost = [...this.#peers].filter(({ ipAddress }) => ipAddress === host);
    if (ofHost.length >= MAX_PER_ADDRESS) {
      return this.#dropIdle(ofHost, { for: address, because: "its address has too many" });
    }
    if (this.#peers.size < MAX_CONNECTIONS) return true;
    // A stranger keeps as many connections busy as it likes, with little. So where none is idle, who has fewer comes first.
    const isAnyIdle = [...this.#peers].some(({ idleTicks }) => idleTicks >= IDLE_TICKS);
    const crowd = this.#largestCrowd();
    if (!isAnyIdle && crowd.length >= ofHost.length + UNFAIR_CONNECTIONS) {
      const idlest = crowd.reduce((idlest, peer) =>
        peer.idleTicks > idlest.idleTicks ? peer : idlest
      );
      const because = "there are too many, and most are with its address";
      this.#options.onTurnedAway(idlest.provenance.address, because);
      idlest.close(because);
      return true;
    }
    return this.#dropIdle(this.#peers, { for: address, because: "there are too many" });
  }

  /** The connections with the address that has the most of them. */
  #largestCrowd(): SwarmPeer[] {
    const crowds = Map.groupBy(this.#peers, ({ ipAddress }) => ipAddress);
    let largest: SwarmPeer[] = [];
    for (const crowd of crowds.values()) if (crowd.length > largest.length) largest = crowd;
    return largest;
  }

  /** Drops the connection that has been idle for the longest time; false if none has for long enough. */
  #dropIdle(
    peers: Iterable<SwarmPeer>,
    { for: address, because }: { readonly for: string; readonly because: string },
  ): boolean {
    let longest: SwarmPeer | undefined;
    for (const peer of peers) {
      if (peer.idleTicks >= IDLE_TICKS && peer.idleTicks > (longest?.idleTicks ?? 0)) {
        longest = peer;
      }
    }
    const { onTurnedAway } = this.#options;
    if (longest === undefined) {
      onTurnedAway(address, `${because}, and none of them is idle`);
      return false;
    }
    onTurnedAway(longest.provenance.address, `${because}, and it is idle`);
    longest.close(`${because}, and it is idle`);
    return true;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}
