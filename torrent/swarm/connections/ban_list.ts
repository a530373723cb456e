/**
 * The peers that sent wrong bytes: for some minutes no connection with them is kept or dialled. A ban is on what a peer
 * cannot take from another: the address that we dialled, or, for a peer that dialled us, its IP address together with
 * its peer id. A peer id alone proves nothing, since everybody hears it in the handshake, and neither does a port that
 * a peer merely claims to listen on: whoever has stolen them gets nobody banned but itself. Pure; times are the
 * transfer's seconds.
 */

import { addressKey } from "../../../base/ip_address.ts";
import type { SwarmPeer } from "../swarm_peer.ts";
import { parseAddress, type Provenance } from "../wire/handshaker.ts";

/**
 * How long a ban lasts. A liar that comes back costs a piece each time, which is bearable every ten minutes; a host
 * with a broken disk or memory, which was repaired, is of use again.
 */
export const BAN_TICKS = 600;
/** After so many bans of peers at one IP address none of that kind is talked to there: ids and ports cost nothing. */
const OFFENCES_PER_ADDRESS = 3;
/** Bound of the list: beyond it the oldest bans are forgotten, and made again once the peer lies again. */
const MAX_ENTRIES = 1024;

/** What is known of a peer that is to be banned. */
export type Offender = Pick<SwarmPeer, "provenance" | "ipAddress">;

interface Ban {
  /** The other end as people know it; undefined for the count of an IP address. */
  readonly address: string | undefined;
  readonly offences: number;
  readonly untilTick: number;
}

/** The bans of one transfer. */
export class BanList {
  readonly #bans = new Map<string, Ban>();

  /** Bans the peer from that tick on. */
  ban({ provenance, ipAddress }: Offender, tick: number): void {
    const { isOutgoing, address } = provenance;
    this.#count(isOutgoing ? dialledKey(address) : incomingKey(provenance), tick, address);
    this.#count(originKey(ipAddress, isOutgoing), tick);
  }

  /** Whether a connection is one with a banned peer. */
  isBanned(provenance: Provenance, tick: number): boolean {
    const { isOutgoing, address } = provenance;
    if (isOutgoing) return this.isAddressBanned(address, tick);
    return this.#offences(incomingKey(provenance), tick) > 0 ||
      this.#offences(originKey(parseAddress(address).hostname, false), tick) >=
        OFFENCES_PER_ADDRESS;
  }

  /** Whether that address ("address:port") is not to be dialled. */
  isAddressBanned(address: string, tick: number): boolean {
    return this.#offences(dialledKey(address), tick) > 0 ||
      this.#offences(originKey(parseAddress(address).hostname, true), tick) >=
        OFFENCES_PER_ADDRESS;
  }

  /** The addresses of the peers that are banned at that tick. */
  at(tick: number): readonly string[] {
    const addresses = [...this.#bans.values()].flatMap(({ address, untilTick }) =>
      address === undefined || untilTick <= tick ? [] : [address]
    );
    return [...new Set(addresses)];
  }

  #offences(key: string, tick: number): number {
    const ban = this.#bans.get(key);
    if (ban === undefined) return 0;
    if (ban.untilTick > tick) return ban.offences;
    this.#bans.delete(key);
    return 0;
  }

  #count(key: string, tick: number, address?: string): void {
    const offences = this.#offences(key, tick) + 1;
    this.#bans.delete(key);
    this.#bans.set(key, { address, offences, untilTick: tick + BAN_TICKS });
    for (const oldest of this.#bans.keys()) {
      if (this.#bans.size <= MAX_ENTRIES) return;
      this.#bans.delete(oldest);
    }
  }
}

function dialledKey(address: string): string {
  return `dialled ${address}`;
}

function incomingKey({ address, handshake: { peerId } }: Provenance): string {
  return `incoming ${parseAddress(address).hostname} ${peerId}`;
}

/**
 * Peers that we dialled and peers that dialled us are counted apart: the latter may share an address with honest ones.
 */
function originKey(ipAddress: string, isOutgoing: boolean): string {
  return `${isOutgoing ? "dialled" : "incoming"} from ${addressKey(ipAddress)}`;
}
