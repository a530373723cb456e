/** A peer that can be asked, without a connection. */

import type { PieceSet } from "../../../../../torrent/content/piece_set.ts";
import { OutstandingRequests } from "../../../../../torrent/swarm/pieces/outstanding_requests.ts";
import type { RequestTarget } from "../../../../../torrent/swarm/pieces/request_scheduler.ts";
import { ReceivedSuggestions } from "../../../../../torrent/swarm/suggest/suggestions.ts";

/** A source that tests may change. */
export type BareSource = { -readonly [Key in keyof RequestTarget]: RequestTarget[Key] };

/** Of the own rack, and idle, unless `changes` say otherwise. */
export function bareSource(
  changes: Partial<BareSource> & { readonly has: PieceSet; readonly maxRequestBytes: number },
): BareSource {
  return {
    distance: "rack",
    isOrigin: false,
    isStalled: false,
    hints: new ReceivedSuggestions(),
    outstanding: new OutstandingRequests<RequestTarget>(),
    bytesPerSecond: 0,
    bestBytesPerSecond: 0,
    ...changes,
  };
}
