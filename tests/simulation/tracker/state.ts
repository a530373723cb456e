/** Which pieces each host of a simulated fleet has, to whom it is connected, and what has crossed which border. */

import { STRIPE_COUNT, type StripeDuty } from "../../../base/stripes.ts";
import type { FleetShape, Host } from "./fleet.ts";

/** Connections of a host; for more, one that has been idle makes room, or they are refused. */
export const MAX_CONNECTIONS = 100;
/** As in `torrent/swarm/connections/connection_pool.ts`. */
const IDLE_MS = 10_000;

/** How far away a host fetches: 0 in its rack, 1 in its site, 2 everywhere. Numbers, since they are compared in every round. */
export type ReachLevel = 0 | 1 | 2;

/** The state of a run. */
export class State {
  readonly shape: FleetShape;
  readonly hosts: readonly Host[];
  /** 32-bit words of one host's pieces. */
  readonly words: number;
  readonly have: Uint32Array;
  readonly count: Int32Array;
  readonly isUp: Uint8Array;
  readonly rackOf: Uint16Array;
  readonly siteOf: Uint8Array;
  readonly reach: Uint8Array;
  /** Whether a host obeys stripes; then bits of the pieces that it brings into its rack, and into its site. */
  readonly isStriped: Uint8Array;
  readonly rackDuty: Uint32Array;
  readonly siteDuty: Uint32Array;
  /** Whether a host leaves seeds outside of its rack to those who bring something into their site. */
  readonly sparesSeeds: Uint8Array;
  /** Whether a host had everything when it joined. */
  readonly joinedAsSeed: Uint8Array;
  readonly links: number[][];
  /** The round that is going on. */
  round = 0;
  /** In which round a piece passed last between two hosts, or else they were connected. */
  readonly #usedIn = new Map<number, number>();
  readonly #idleRounds: number;
  /** From whom each host has received since it announced last, the newest at the end. */
  readonly sources: number[][];
  /** Hosts of a rack that have a piece: `rack * pieces + piece`. */
  readonly inRack: Uint16Array;
  readonly inFleet: Uint16Array;
  /** Pieces that came into each site, and into each rack from its own site, so far. */
  readonly intoSite: Int32Array;
  readonly intoRack: Int32Array;

  constructor(shape: FleetShape, hosts: readonly Host[]) {
    const racks = shape.sites * shape.racksPerSite + 1;
    this.shape = shape;
    this.hosts = hosts;
    this.words = Math.ceil(shape.pieces / 32);
    this.have = new Uint32Array(hosts.length * this.words);
    this.count = new Int32Array(hosts.length);
    this.isUp = new Uint8Array(hosts.length);
    this.rackOf = Uint16Array.from(hosts, ({ rack }) => rack);
    this.siteOf = Uint8Array.from(hosts, ({ site }) => site);
    this.reach = new Uint8Array(hosts.length).fill(2);
    this.isStriped = new Uint8Array(hosts.length);
    this.rackDuty = new Uint32Array(this.have.length);
    this.siteDuty = new Uint32Array(this.have.length);
    this.sparesSeeds = new Uint8Array(hosts.length);
    this.joinedAsSeed = new Uint8Array(hosts.length);
    this.links = hosts.map(() => []);
    this.#idleRounds = Math.ceil(IDLE_MS / (shape.roundMs ?? 1000));
    this.sources = hosts.map(() => []);
    this.inRack = new Uint16Array(racks * shape.pieces);
    this.inFleet = new Uint16Array(shape.pieces);
    this.intoSite = new Int32Array(shape.sites);
    this.intoRack = new Int32Array(racks);
  }

  get racks(): number {
    return this.intoRack.length;
  }

  isComplete(host: number): boolean {
    return this.count[host] === this.shape.pieces;
  }

  host(index: number): Host {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`expected a host ${index} in the fleet, there is none`);
    return host;
  }

  linksOf(index: number): number[] {
    return this.links[index] ?? [];
  }

  /** 0 in the same rack, 1 in the same site, 2 elsewhere. */
  distance(left: number, right: number): ReachLevel {
    if (this.rackOf[left] === this.rackOf[right]) return 0;
    return this.siteOf[left] === this.siteOf[right] ? 1 : 2;
  }

  /** Notes what a host is to bring in; undefined: it does not obey stripes. */
  setDuty(index: number, duty: StripeDuty | undefined): void {
    this.isStriped[index] = Number(duty !== undefined);
    if (duty === undefined) return;
    this.sparesSeeds[index] = Number(duty.sparesSeeds);
    this.#setPieces(this.rackDuty, index, duty.rack);
    this.#setPieces(this.siteDuty, index, duty.site);
  }

  #setPieces(bits: Uint32Array, index: number, stripes: readonly number[]): void {
    bits.fill(0, index * this.words, (index + 1) * this.words);
    for (const stripe of stripes) {
      for (let piece = stripe; piece < this.shape.pieces; piece += STRIPE_COUNT) {
        bits[index * this.words + (piece >> 5)]! |= 1 << (piece & 31);
      }
    }
  }

  give(index: number, piece: number): void {
    const at = index * this.words + (piece >> 5);
    const word = this.have[at] ?? 0;
    const bit = 1 << (piece & 31);
    if ((word & bit) !== 0) throw new Error(`host ${index} was given piece ${piece} twice`);
    this.have[at] = word | bit;
    this.count[index] = (this.count[index] ?? 0) + 1;
    const inRack = this.host(index).rack * this.shape.pieces + piece;
    this.inRack[inRack] = (this.inRack[inRack] ?? 0) + 1;
    this.inFleet[piece] = (this.inFleet[piece] ?? 0) + 1;
  }

  /** Connects two hosts if they are up, not both complete, and both have room or make some. */
  connect(from: number, to: number, random: () => number): void {
    if (from === to || this.isUp[to] === 0) return;
    if (this.isComplete(from) && this.isComplete(to)) return;
    const own = this.linksOf(from);
    const theirs = this.linksOf(to);
    if (own.includes(to) || !this.#makeRoom(to)) return;
    if (!this.#makeRoom(from)) {
      // Connections within the own rack are many, so one of them is given up for one across a border.
      if (this.distance(from, to) === 0) return;
      const near = own.filter((one) => this.distance(from, one) === 0);
      const dropped = near[Math.floor(random() * near.length)];
      if (dropped === undefined) return;
      this.disconnect(from, dropped);
    }
    own.push(to);
    theirs.push(from);
    this.noteUse(from, to);
  }

  /** A piece passes between two hosts. */
  noteUse(left: number, right: number): void {
    this.#usedIn.set(this.#keyOf(left, right), this.round);
  }

  /** Whether a host has room for another connection; if need be the one that has been idle for longest goes. */
  #makeRoom(index: number): boolean {
    const links = this.linksOf(index);
    if (links.length < MAX_CONNECTIONS) return true;
    // Others keep the peers that they have.
    if (this.isStriped[index] === 0) return false;
    let [idlest, idleSince] = [-1, this.round - this.#idleRounds];
    for (const other of links) {
      const usedIn = this.#usedIn.get(this.#keyOf(index, other)) ?? 0;
      if (usedIn < idleSince) [idlest, idleSince] = [other, usedIn];
    }
    if (idlest < 0) return false;
    this.disconnect(index, idlest);
    return true;
  }

  #keyOf(left: number, right: number): number {
    return Math.min(left, right) * this.hosts.length + Math.max(left, right);
  }

  disconnect(left: number, right: number): void {
    for (const [one, other] of [[left, right], [right, left]] as const) {
      const links = this.linksOf(one);
      const at = links.indexOf(other);
      if (at >= 0) links.splice(at, 1);
    }
  }

  /** Takes a host down; its pieces are gone with it. */
  kill(index: number): void {
    this.isUp[index] = 0;
    for (const other of [...this.linksOf(index)]) this.disconnect(index, other);
    const { rack } = this.host(index);
    for (let piece = 0; piece < this.shape.pieces; piece++) {
      const word = this.have[index * this.words + (piece >> 5)] ?? 0;
      if ((word & (1 << (piece & 31))) === 0) continue;
      const inRack = rack * this.shape.pieces + piece;
      this.inRack[inRack] = (this.inRack[inRack] ?? 0) - 1;
      this.inFleet[piece] = (this.inFleet[piece] ?? 0) - 1;
    }
  }
}
