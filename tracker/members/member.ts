/** One peer of a swarm, as the tracker knows it: what it has said, and what the tracker has made of it. */

import { isLoopback } from "../../base/ip_address.ts";
import type { BytesByDistance, RackLocation } from "../../base/locality.ts";
import { compactAddress } from "./compact_address.ts";
import { Bucket, type MemberIndex } from "./member_index.ts";

/** What a member holds: all of the content, a part of it, nothing. */
export const Rank = { Seed: 0, Holder: 1, Empty: 2 } as const;
/** One of {@link Rank}. */
export type Rank = typeof Rank[keyof typeof Rank];

/** The fleet, a site or a rack with the members in it. */
export type Group = MemberIndex<Member>;

/** What a member begins with. */
export interface MemberOptions {
  /** "address:port", an IPv6 address in brackets. */
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  /** 20 bytes, one character each. */
  readonly peerId: string;
  /** The host's name, if the peer told it. */
  readonly host: string | undefined;
  /** Undefined if nobody knows it: such a peer is outside of every site and rack. */
  readonly location: RackLocation | undefined;
  /** Still to fetch; 0 for a seed, Infinity if the peer did not say. */
  readonly leftBytes: number;
  /** Whether it fetches from no farther than the answer's reach. Default: no. */
  readonly keepsReach?: boolean | undefined;
  /** Whether it brings in the stripes that it is dealt and no others. Default: no. */
  readonly obeysStripes?: boolean | undefined;
  /** Whether it only says that it is a seed; see `unverified_seeds.ts`. Default: no. */
  readonly isUnverifiedSeed?: boolean | undefined;
  readonly nowMs: number;
  /** After which time it is told to announce again. */
  readonly intervalMs: number;
}

/** The `timeoutTick` of a member that no time-out is set for: later than any tick. */
export const NO_TIMEOUT = Infinity;

/** One peer of a swarm. */
export class Member {
  readonly key: string;
  readonly ip: string;
  /** Whether it is on the tracker's own machine, and has announced there. */
  readonly isLoopback: boolean;
  readonly port: number;
  readonly peerId: string;
  readonly host: string | undefined;
  readonly location: RackLocation | undefined;
  /** A peer that does not keep to the reach also fetches across a border from those whom it is meant to help. */
  readonly keepsReach: boolean;
  /** It brings in the stripes that it is dealt and no others. */
  readonly obeysStripes: boolean;
  readonly arrivedMs: number;
  /** Its address and port as BEP 23 (6 bytes) and BEP 7 (18 bytes) put them into answers. */
  readonly compact: Uint8Array;
  /** The first four bytes of `compact`: the address, if it is an IPv4 address. */
  readonly ipv4: number;
  /** The order of arrival in the swarm. */
  arrival = 0;
  leftBytes: number;
  /**
   * It says that it holds everything, and nothing confirms it: a seed that nobody has received anything from yet, or a
   * client that has only a magnet link. It is handed out after all seeds, as one that may hold something, is given what a
   * leecher is given, and does not count as a copy.
   */
  isUnverifiedSeed: boolean;
  /** Somebody at another address has reported bytes from it. See `Members.confirm`. */
  isConfirmed = false;
  /** Consecutive announces that could have shown progress and at which `leftBytes` had not become less. */
  announcesWithoutProgress = 0;
  /** Announces that could have shown progress since it was elected a gateway. */
  announcesAsGateway = 0;
  /** How often it was replaced as a gateway because it stalled or was slow. */
  demotions = 0;
  /** Its download rate, smoothed over its announces; 0 until there are two. */
  bytesPerMs = 0;
  lastSeenMs: number;
  /** When the last announce was made that could have shown progress, and what was left then. */
  countedMs: number;
  countedLeftBytes: number;
  intervalMs: number;
  /** What it says that it has received, by how far away the sender was. */
  received: Readonly<BytesByDistance> | undefined;
  /** It has left the swarm: whoever still refers to it should let go. */
  isGone = false;
  /** What it holds. */
  rank: Rank = Rank.Empty;
  /** Where its groups have it. Only `Members` changes it. */
  bucket: Bucket = Bucket.FreeEmpty;
  /** It has missed its announces, or a neighbour has reported it lost. See `Members.setTimedOut`. */
  hasTimedOut = false;
  /** A neighbour has reported it lost. That is believed once: see `Swarm.#onLost`. */
  wasReportedLost = false;
  /** The fleet, its site and its rack; or the fleet and the unlocated members. By `Level`. */
  groups: readonly Group[] = [];
  site: Group | undefined;
  rack: Group | undefined;
  /** Its position in the array of each of its groups, by `Level`. */
  readonly slots: [number, number, number] = [0, 0, 0];
  /** Whom it fetches from across a border, and how many fetch from it across one. See `Members.setHelpers`. */
  helpers: readonly Member[] = [];
  helped = 0;
  /** The last answer that it was considered for; see `peer_sample.ts`. */
  stamp = 0;
  /** Where `MemberTimeouts` has it: the tick at which it is looked at, and its position among those of that tick. */
  timeoutTick = NO_TIMEOUT;
  timeoutSlot = 0;

  constructor(options: MemberOptions) {
    this.key = options.key;
    this.ip = options.ip;
    this.isLoopback = isLoopback(options.ip);
    this.port = options.port;
    this.compact = compactAddress(options.ip, options.port);
    this.ipv4 = new DataView(this.compact.buffer).getUint32(0);
    this.peerId = options.peerId;
    this.host = options.host;
    this.location = options.location;
    this.keepsReach = options.keepsReach ?? false;
    this.obeysStripes = options.obeysStripes ?? false;
    this.leftBytes = options.leftBytes;
    this.isUnverifiedSeed = options.isUnverifiedSeed ?? false;
    this.arrivedMs = options.nowMs;
    this.lastSeenMs = options.nowMs;
    this.countedMs = options.nowMs;
    this.countedLeftBytes = options.leftBytes;
    this.intervalMs = options.intervalMs;
  }
}
