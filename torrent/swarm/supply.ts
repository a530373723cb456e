/** From where the pieces that a transfer lacks could come; see `../engine/obstacle.ts`. */

import type { Supply } from "../engine/obstacle.ts";
import type { ConnectionPool } from "./connections/connection_pool.ts";
import type { PiecePicker } from "./pieces/piece_picker.ts";

/** What the connections of a transfer promise. */
export function supplyOf(
  { peers, unconnectedCount, failedDial }: ConnectionPool,
  picker: PiecePicker,
): Supply {
  const offering = [...peers].filter(({ download }) => picker.isInteresting(download.has));
  return {
    offeringCount: offering.length,
    unconnectedCount,
    ...failedDial === undefined ? {} : { failedDial },
  };
}
