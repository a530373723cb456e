/**
 * From an info hash to its .torrent: asked of the peers themselves (BEP 9), where nobody else is known to have it.
 *
 * @module
 */

import { fetchMetainfo, ReleaseError, TransferError } from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { type EngineChoice, localityOf } from "./engine.ts";
import type { MagnetSource } from "./source.ts";
import { formatAge } from "../shared/format.ts";

/** How to ask. */
export interface ExchangeOptions {
  readonly choice: EngineChoice;
  /** Asked beside those of the link. */
  readonly trackers: readonly string[];
  /** Milliseconds until it is given up; 0: never. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Told that peers are being asked, which may take a while. */
  readonly say: (line: string) => void;
}

/**
 * Gets the .torrent of a magnet link from the swarm.
 *
 * @throws {UsageError} when there is nobody to ask; {CommandError} when nobody answers in time.
 */
export async function exchangeMetainfo(
  { infoHash, trackers, peers }: MagnetSource,
  options: ExchangeOptions,
): Promise<Uint8Array> {
  const asked = [...new Set([...options.trackers, ...trackers])];
  if (asked.length === 0 && peers.length === 0) {
    throw new UsageError(
      `source ${infoHash}: expected somebody to ask for its .torrent, there is nobody; give --tracker URL, or a magnet ` +
        "link with tr=",
    );
  }
  const { patienceMs, signal } = options;
  options.say(`Asking its peers for the .torrent of ${infoHash} …`);
  const patience = patienceMs === 0 ? [] : [AbortSignal.timeout(patienceMs)];
  try {
    return await fetchMetainfo({
      infoHash,
      trackers: asked,
      peers,
      locality: localityOf(options.choice),
      signal: AbortSignal.any([signal, ...patience]),
    });
  } catch (cause) {
    if (cause instanceof ReleaseError) {
      throw new CommandError(`source ${infoHash}: it is no release of Rollcall's`, { cause });
    }
    if (!(cause instanceof TransferError) || signal.aborted) throw cause;
    throw new CommandError(
      `source ${infoHash}: nobody has handed its .torrent out for ${
        formatAge(patienceMs)
      }; is the info hash right, is ` +
        `somebody seeding it, and does the tracker answer (${
          asked.join(", ") || peers.join(", ")
        })?`,
    );
  }
}
