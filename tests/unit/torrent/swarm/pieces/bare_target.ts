/** A peer that can be asked for blocks, without a connection. */

import type { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { OutstandingRequests } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_target.ts";

/** A target that tests may change. */
export type BareTarget = { -readonly [Key in keyof RequestTarget]: RequestTarget[Key] };

/** In our own rack, and idle, unless `changes` say otherwise. */
export function bareTarget(
  changes: Partial<BareTarget> & { readonly has: PieceSet; readonly maxRequestBytes: number },
): BareTarget {
  return {
    distance: "rack",
    joinedAsSeed: false,
    isStalled: false,
    outstanding: new OutstandingRequests<RequestTarget>(),
    bytesPerSecond: 0,
    bestBytesPerSecond: 0,
    overdue: undefined,
    abandonIncoming() {},
    takeSuggested: () => undefined,
    offerDeferred: () => false,
    cancelArrived() {},
    ...changes,
  };
}
