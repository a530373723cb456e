/** A peer that can be asked, without a connection. */

import type { PieceSet } from "../../../../torrent/piece_set.ts";
import { OutstandingRequests } from "../../../../torrent/swarm/outstanding_requests.ts";
import type { Source } from "../../../../torrent/swarm/piece_desk.ts";
import { Hints } from "../../../../torrent/swarm/suggestions.ts";

/** A source that tests may change. */
export type BareSource = { -readonly [Key in keyof Source]: Source[Key] };

/** Of the own rack, and idle, unless `changes` say otherwise. */
export function bareSource(
  changes: Partial<BareSource> & { readonly has: PieceSet; readonly maxRequestBytes: number },
): BareSource {
  return {
    distance: "rack",
    isOrigin: false,
    isStalled: false,
    hints: new Hints(),
    outstanding: new OutstandingRequests<Source>(),
    bytesPerSecond: 0,
    bestBytesPerSecond: 0,
    ...changes,
  };
}
