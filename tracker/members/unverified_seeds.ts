/**
 * What an announce is worth that says how much is left. A client that has only a magnet link does not
 * know the content's size yet, and says what it likes: aria2 that nothing is left, word for word what
 * a seed says that starts; libtorrent 16 KiB; others a number beyond all contents. Who has fetched,
 * completed or sent something knows what it holds; so does an engine of ours, which tells its host's
 * name and never announces without the .torrent. A claim without any of that is one, and no copy.
 */

import type { Announce } from "./announce.ts";

/** What libtorrent says is left while it does not know. Who really lacks so much is believed a piece later. */
const LEFT_OF_UNKNOWN_BYTES = 16_384;

/** How far a peer is, as far as it can be believed. */
export interface Standing {
  /** Infinity if it is not known. */
  readonly leftBytes: number;
  /** It says that nothing is left, and nothing shows it. `leftBytes` is Infinity then. */
  readonly claimsCopy: boolean;
}

/** `knows`: the same client has shown before that it knows the content. */
export function standingOf(announce: Announce, { knows }: { readonly knows: boolean }): Standing {
  const { leftBytes, host, isCompleted = false } = announce;
  if (knows || host !== undefined || isCompleted || hasMoved(announce)) {
    return { leftBytes, claimsCopy: false };
  }
  if (leftBytes === 0) return { leftBytes: Infinity, claimsCopy: true };
  const isUnknown = leftBytes === LEFT_OF_UNKNOWN_BYTES;
  return { leftBytes: isUnknown ? Infinity : leftBytes, claimsCopy: false };
}

/** Whether a peer that holds everything came with it, and has not fetched it here. */
export function hasBrought({ downloadedBytes = 0, isCompleted = false }: Announce): boolean {
  return downloadedBytes === 0 && !isCompleted;
}

function hasMoved({ uploadedBytes = 0, downloadedBytes = 0 }: Announce): boolean {
  return uploadedBytes > 0 || downloadedBytes > 0;
}
