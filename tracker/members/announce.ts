/** What a peer asks and what it is answered, whatever it came by: HTTP or UDP. */

import type { Member, ReceivedBytes } from "./members.ts";
import type { Reach } from "../../base/locality.ts";

/** One announce (BEP 3, BEP 15), checked. */
export interface Announce {
  /** 20 bytes, one character each; so is `peerId`. */
  readonly infoHash: string;
  readonly peerId: string;
  /** Of the socket; an IPv4 address that came over IPv6 as IPv4. */
  readonly ip: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Still to fetch; Infinity if it did not say. */
  readonly leftBytes: number;
  /** Since it began, by its own word. Default 0. */
  readonly uploadedBytes?: number | undefined;
  /** Since it began, by its own word. Default 0. */
  readonly downloadedBytes?: number | undefined;
  /** It has just got the last of it (BEP 3's event). Default: no. */
  readonly isCompleted?: boolean | undefined;
  readonly isStopped: boolean;
  /** At most so many peers. */
  readonly wanted: number;
  /** Only peers of that family. Default: any. */
  readonly family?: 4 | 6 | undefined;
  readonly host?: string | undefined;
  readonly site?: string | undefined;
  readonly rack?: string | undefined;
  /** What it has received so far, if it says so. */
  readonly received?: ReceivedBytes | undefined;
  /** It fetches from no farther than the answer's reach says. Default: it may fetch from whomever it is given. */
  readonly keepsReach?: boolean | undefined;
  /** Whom of its site it has just lost, each as "address:port". Default: nobody. */
  readonly lost?: readonly string[] | undefined;
}

/** The answer to an announce. */
export interface Answer {
  readonly complete: number;
  readonly incomplete: number;
  readonly intervalMs: number;
  readonly minIntervalMs: number;
  readonly peers: readonly Member[];
  readonly reach: Reach;
}

/** An announce that is not taken; the text is for the peer. */
export interface Refusal {
  readonly refusal: string;
}
