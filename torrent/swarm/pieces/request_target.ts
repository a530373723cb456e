/** A peer as the one that we fetch from. What to ask it for is decided in this room, against this interface alone. */

import type { Distance } from "../../../base/locality.ts";
import type { PieceSet } from "../../content/piece_set.ts";
import type { OutstandingRequest, OutstandingRequests } from "./outstanding_requests.ts";
import type { PartialPiece } from "./partial_piece.ts";

/** A peer that can be asked for blocks; `peer/peer_download.ts` implements it. */
export interface RequestTarget {
  /** The pieces that it may be asked for; see `DeferredPieces` for those that it has and may not be asked for yet. */
  readonly has: PieceSet;
  /** How far away it is. */
  readonly distance: Distance;
  /** Whether it had every piece when it connected: a seed that others need as well. */
  readonly joinedAsSeed: boolean;
  /** Whether it owes us blocks and has sent next to nothing for some seconds. */
  readonly isStalled: boolean;
  /** Size of the largest request that it is to be sent, a multiple of 16 KiB. */
  readonly maxRequestBytes: number;
  /** What it was asked for and has not sent yet. */
  readonly outstanding: OutstandingRequests<RequestTarget>;
  /** What it sends us, averaged over the last seconds. */
  readonly bytesPerSecond: number;
  /** The most that it has sent us per second; halves in about half a minute. */
  readonly bestBytesPerSecond: number;
  /** The request whose block has been coming in for too long, if there is one. */
  readonly overdue: OutstandingRequest<RequestTarget> | undefined;
  /** Drops the block that is coming in, so that others can be asked for it. */
  abandonIncoming(): void;
  /** Takes out the oldest piece that it has suggested to us (BEP 6), if there is one. */
  takeSuggested(): number | undefined;
  /** Near the end of a release: lets one deferred piece be asked for; false if there is none or the end is not near. */
  offerDeferred(): boolean;
  /** Cancels its requests for blocks of that piece that have arrived from others. */
  cancelArrived(piece: PartialPiece<RequestTarget>): void;
}
