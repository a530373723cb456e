/**
 * From an info hash to its .torrent.
 *
 * @module
 */

import type { TorrentEngine } from "../torrent/mod.ts";
import { UsageError } from "./errors.ts";
import type { MagnetSource } from "./fetch_source.ts";

/** Gets the .torrent of a magnet link. */
export function exchangeMetainfo(
  _engine: TorrentEngine,
  { infoHash }: MagnetSource,
  _how: { readonly options: { readonly tracker: readonly string[] }; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  return Promise.reject(
    new UsageError(
      `source ${infoHash}: expected a magnet link that says where its .torrent is (xs=URL), there was none`,
    ),
  );
}
