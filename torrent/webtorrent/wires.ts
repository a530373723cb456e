/**
 * What the engine does with each of WebTorrent's connections: tells our locality and learns the peer's (extension handshake,
 * BEP 10), counts bytes by distance, limits the outstanding requests, and closes the second connection between the same two
 * hosts.
 */

import { formatAddress } from "../../base/ip_address.ts";
import { peerLocalitySchema } from "../peer_locality.ts";
import {
  type BytesByDistance,
  countBytes,
  type Distance,
  distanceBetween,
  type Locality,
} from "../../base/locality.ts";
import type { WebTorrentTorrent, Wire } from "./types.ts";

/**
 * Outstanding requests per connection. Measured with this library: without a limit it is slowest, and 64 are too few to keep
 * a connection busy.
 */
const MAX_OUTSTANDING_REQUESTS = 250;
/**
 * The number of attempts after which WebTorrent gives up an address. Each address is given it from the start, so that no
 * timer is left behind: the next announce brings the addresses that are worth dialling again.
 */
const NO_MORE_RETRIES = 3;
/** As many as an announce has room for. */
const MAX_SOURCES = 8;

interface KnownWire {
  locality: Locality | undefined;
  /** "address:port" that the peer listens on, once it has said so. */
  listens: string | undefined;
  /** Whether a block has come from it. */
  hasSent: boolean;
}

/** What the connections belong to. */
export interface TransferWiresOptions {
  readonly torrent: WebTorrentTorrent;
  /** Ours, 40 hexadecimal digits. */
  readonly peerId: string;
  readonly port: number;
  readonly locality: Locality;
  readonly received: BytesByDistance;
  readonly sent: BytesByDistance;
  readonly onConnected: (address: string, locality: Locality | undefined) => void;
  /** Called when the last connection has closed. */
  readonly onNoPeers: () => void;
}

/** The connections of one transfer. */
export class TransferWires {
  readonly #options: TransferWiresOptions;
  readonly #known = new Map<Wire, KnownWire>();

  constructor(options: TransferWiresOptions) {
    this.#options = options;
    options.torrent.on("wire", (wire: Wire, address?: string) => this.#adopt(wire, address));
  }

  /** Connects to a peer, unless there is a connection with whoever listens there. */
  dial(address: string): void {
    const { torrent } = this.#options;
    if (torrent.destroyed) return;
    for (const known of this.#known.values()) if (known.listens === address) return;
    torrent.addPeer(address);
    const peer = torrent._peers?.get(address);
    if (peer !== undefined) peer.retries = NO_MORE_RETRIES;
  }

  /** The number of connections. */
  get count(): number {
    return this.#known.size;
  }

  /** "address:port" of peers that blocks have come from, at most eight. */
  get sources(): string[] {
    const addresses: string[] = [];
    for (const { listens, hasSent } of this.#known.values()) {
      if (hasSent && listens !== undefined && addresses.length < MAX_SOURCES) {
        addresses.push(listens);
      }
    }
    return addresses;
  }

  /** The number of connections by distance; a peer that has not told its locality yet counts as remote. */
  countByDistance(): Record<Distance, number> {
    const counts = { rack: 0, site: 0, remote: 0 };
    for (const { locality } of this.#known.values()) {
      counts[distanceBetween(this.#options.locality, locality)]++;
    }
    return counts;
  }

  #adopt(wire: Wire, address: string | undefined): void {
    const { locality, port, received, sent } = this.#options;
    // The handshake has just reset the number of attempts.
    this.#forgetAddress(wire);
    if (this.#closeSecond(wire)) return;
    const known: KnownWire = { locality: undefined, listens: undefined, hasSent: false };
    this.#known.set(wire, known);
    wire.once("close", () => {
      this.#known.delete(wire);
      if (this.#known.size === 0) this.#options.onNoPeers();
    });
    wire.extendedHandshake["reqq"] = MAX_OUTSTANDING_REQUESTS;
    wire.extendedHandshake["p"] = port;
    wire.extendedHandshake["rollcall"] = { ...locality };
    wire.peerExtendedHandshake = { reqq: MAX_OUTSTANDING_REQUESTS };
    wire.on("extended", (kind: unknown, handshake: Record<string, unknown>) => {
      if (kind !== "handshake") return;
      const theirs = handshake["reqq"];
      handshake["reqq"] = typeof theirs === "number" && theirs > 0
        ? Math.min(theirs, MAX_OUTSTANDING_REQUESTS)
        : MAX_OUTSTANDING_REQUESTS;
      known.locality = peerLocalitySchema.safeParse(handshake["rollcall"]).data;
      if (typeof handshake["p"] === "number" && wire.remoteAddress !== undefined) {
        known.listens = formatAddress(wire.remoteAddress, handshake["p"]);
      }
      this.#options.onConnected(address ?? "", known.locality);
    });
    wire.on("download", (sizeBytes: number) => {
      known.hasSent = true;
      countBytes(received, distanceBetween(locality, known.locality), sizeBytes);
    });
    wire.on("upload", (sizeBytes: number) => {
      countBytes(sent, distanceBetween(locality, known.locality), sizeBytes);
    });
  }

  /**
   * Two hosts that dial each other at once get two connections. Both ends keep the one that the host with the smaller peer
   * id has dialled. Returns whether the new connection is the one that was closed.
   */
  #closeSecond(wire: Wire): boolean {
    for (const other of this.#known.keys()) {
      if (other.peerId !== wire.peerId || other.destroyed) continue;
      const keepDialled = this.#options.peerId < wire.peerId;
      const second = (wire.type === "tcpOutgoing") === keepDialled ? other : wire;
      second.destroy();
      if (second === wire) return true;
    }
    return false;
  }

  #forgetAddress(wire: Wire): void {
    for (const peer of this.#options.torrent._peers?.values() ?? []) {
      if (peer.wire === wire) peer.retries = NO_MORE_RETRIES;
    }
  }
}
