/**
 * How far to trust `left` in an announce. A client that has only a magnet link does not know the content's size yet and
 * says what it likes: aria2 that nothing is left, word for word what a starting seed says; libtorrent 16 KiB; others a
 * number larger than any content. A client that has received, completed or sent something knows what it holds; so does
 * Rollcall's own engine, which tells its host's name and never announces without the .torrent. A client that says
 * "nothing left" without any of that is an unverified seed and does not count as a copy.
 */

import type { Announce } from "./announce.ts";

/** What libtorrent says is left while it does not know. A peer that really lacks so much is believed one piece later. */
const LEFT_OF_UNKNOWN_BYTES = 16_384;

/** How far a peer has got, as far as it can be believed. */
export interface ReportedProgress {
  /** Infinity if it is not known. */
  readonly leftBytes: number;
  /** The peer says that nothing is left, and nothing confirms it. `leftBytes` is Infinity then. */
  readonly isUnverifiedSeed: boolean;
}

/**
 * What an announce says of the peer's progress, as far as it can be believed.
 *
 * @param options.knows whether the same client has shown before that it knows the content.
 */
export function reportedProgress(
  announce: Announce,
  { knows }: { readonly knows: boolean },
): ReportedProgress {
  const { leftBytes, host, isCompleted = false } = announce;
  if (knows || host !== undefined || isCompleted || hasTransferred(announce)) {
    return { leftBytes, isUnverifiedSeed: false };
  }
  if (leftBytes === 0) return { leftBytes: Infinity, isUnverifiedSeed: true };
  const isUnknown = leftBytes === LEFT_OF_UNKNOWN_BYTES;
  return { leftBytes: isUnknown ? Infinity : leftBytes, isUnverifiedSeed: false };
}

/** Whether a seed brought its copy along, and has not fetched it here. */
export function isInitialSeed({ downloadedBytes = 0, isCompleted = false }: Announce): boolean {
  return downloadedBytes === 0 && !isCompleted;
}

function hasTransferred({ uploadedBytes = 0, downloadedBytes = 0 }: Announce): boolean {
  return uploadedBytes > 0 || downloadedBytes > 0;
}
