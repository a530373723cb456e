/**
 * Gets the .torrent of an info hash from the peers of its swarm (BEP 9), for a magnet link that names no other source.
 *
 * @module
 */

import { fetchMetainfo, ReleaseError, TransferError } from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { type EngineChoice, localityOf } from "./engine.ts";
import type { MagnetSource } from "./source.ts";
import { formatTimeSpan } from "../shared/format.ts";

/** Whom to ask, and for how long. */
export interface ExchangeOptions {
  readonly choice: EngineChoice;
  /** Announce URLs that are asked besides those of the link. */
  readonly trackers: readonly string[];
  /** Milliseconds after which it gives up; 0: never. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Receives a line for the user: asking peers may take a while. */
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
        formatTimeSpan(patienceMs)
      }; is the info hash right, is ` +
        `somebody seeding it, and does the tracker answer (${
          asked.join(", ") || peers.join(", ")
        })?`,
    );
  }
}
