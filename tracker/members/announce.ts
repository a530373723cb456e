/** An announce and its answer as the tracker's core sees them, whether it came over HTTP or UDP. */

import type { BytesByDistance, Reach } from "../../base/locality.ts";
import type { StripeDuty } from "../../base/stripes.ts";
import type { Member } from "./member.ts";

/** One announce (BEP 3, BEP 15), parsed and checked. */
export interface Announce {
  /** 20 bytes, one character each; so is `peerId`. */
  readonly infoHash: string;
  readonly peerId: string;
  /** The socket's address; an IPv4 address that came over IPv6 is written as IPv4. */
  readonly ip: string;
  /**
   * This machine's address at which it has come in, in the same form. Default: not known; a datagram does not tell.
   */
  readonly reachedAt?: string | undefined;
  /** 1 to 65535. */
  readonly port: number;
  /** Still to fetch; Infinity if the peer did not say. */
  readonly leftBytes: number;
  /** Sent since the peer began, as it says. Default 0. */
  readonly uploadedBytes?: number | undefined;
  /** Received since the peer began, as it says. Default 0. */
  readonly downloadedBytes?: number | undefined;
  /** Whether it has just received the last piece (the event "completed" of BEP 3). Default: no. */
  readonly isCompleted?: boolean | undefined;
  /** Whether it leaves the swarm (the event "stopped" of BEP 3). */
  readonly isStopped: boolean;
  /** The most peers that it wants. */
  readonly wanted: number;
  /** Only peers of that address family. Default: any. */
  readonly family?: 4 | 6 | undefined;
  /** Names that only Rollcall's engines tell. */
  readonly host?: string | undefined;
  readonly site?: string | undefined;
  readonly rack?: string | undefined;
  /** What it has received so far, by how far away the sender was. Default: not told. */
  readonly received?: Readonly<BytesByDistance> | undefined;
  /** Whether it fetches from no farther than the answer's reach. Default: no. */
  readonly keepsReach?: boolean | undefined;
  /** The stripes that it brings into its rack. Default: it does not obey stripes. */
  readonly stripes?: readonly number[] | undefined;
  /** Peers of its site to which it has just lost the connection, each as "address:port". Default: none. */
  readonly lost?: readonly string[] | undefined;
  /**
   * Some of the peers that it is receiving bytes from, each as "address:port"; seeds are believed by it. Undefined if the
   * client does not tell such things, which is not the same as none.
   */
  readonly sources?: readonly string[] | undefined;
}

/** The answer to an announce. */
export interface Answer {
  /** The number of seeds. */
  readonly complete: number;
  /** The number of leechers. */
  readonly incomplete: number;
  /** After which time the peer is to announce again. */
  readonly intervalMs: number;
  /** After which time it may announce again if it has nobody to fetch from. */
  readonly minIntervalMs: number;
  readonly peers: readonly Member[];
  /** How far away the peers may be that it fetches from. */
  readonly reach: Reach;
  /** What it is to bring in. Default: whatever its reach lets it. */
  readonly duty?: StripeDuty | undefined;
}

/** An announce that is not accepted. */
export interface Refusal {
  /** The reason, for the peer. */
  readonly refusal: string;
}
