/**
 * Fetches a release's .torrent from its peers when only its info hash is known, as a magnet link has
 * it (BEP 9). Each peer is asked on a connection of its own, a few at a time; what they say is believed
 * once its SHA-1 is the info hash.
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import bencode from "bencode";
import { announce } from "../../announce/announce_request.ts";
import { type Clock, sleep, systemClock } from "../../../base/clock.ts";
import { TransferError } from "../../errors.ts";
import type { Locality } from "../../../base/locality.ts";
import { MAX_METAINFO_BYTES, readRelease } from "../../release/metainfo.ts";
import { dial } from "../wire/handshaker.ts";
import { requestMetadata } from "./metadata_request.ts";

/** Peers asked at a time: the second takes over where the first hangs. */
const PARALLEL_PEERS = 4;
/** Between two rounds of asking trackers and peers. */
const ROUND_PAUSE_MS = 1000;

/** What is known. */
export interface FetchMetainfoOptions {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** HTTP trackers to ask for peers; they become those of the .torrent. Default: none. */
  readonly trackers?: readonly string[];
  /** "address:port" of peers that are known already (`x.pe` of a magnet link). Default: none. */
  readonly peers?: readonly string[];
  /** Where we stand, for trackers that go by it. */
  readonly locality: Locality;
  /** Ends the search; without one it goes on until a peer has answered. */
  readonly signal?: AbortSignal;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * The bytes of the .torrent. Rejects with a {@link TransferError} "stopped" when the signal ends the
 * search, "engine_failed" if there is nobody to ask, and a `ReleaseError` if what has that hash is
 * no release of Rollcall's.
 */
export async function fetchMetainfo(options: FetchMetainfoOptions): Promise<Uint8Array> {
  const { infoHash, trackers = [], peers = [], clock = systemClock } = options;
  if (trackers.length === 0 && peers.length === 0) {
    throw new TransferError(
      "engine_failed",
      `fetch metainfo of ${infoHash}: expected a tracker or a peer to ask, there was neither`,
    );
  }
  const signal = options.signal ?? new AbortController().signal;
  const peerId = Buffer.concat([Buffer.from("-RC0100-"), randomBytes(12)]).toString("hex");
  while (!signal.aborted) {
    const found = new Set(peers);
    for (const tracker of trackers) {
      for (const peer of await askTracker(tracker, { ...options, peerId, signal })) found.add(peer);
    }
    const info = await askPeers([...found], { infoHash, peerId, clock, signal });
    if (info !== undefined) return assemble(info, trackers);
    await sleep(clock, ROUND_PAUSE_MS, signal);
  }
  throw new TransferError("stopped", `fetch metainfo of ${infoHash}: stopped by its caller`, {
    cause: signal.reason,
  });
}

/** Whoever does not answer has no peers for us now. */
async function askTracker(
  tracker: string,
  own: { infoHash: string; peerId: string; locality: Locality; signal: AbortSignal },
): Promise<readonly string[]> {
  const { infoHash, peerId, locality, signal } = own;
  const asked = {
    tracker,
    infoHash,
    peerId,
    // Nobody can fetch anything from us: a port that never answers (discard, RFC 863).
    port: 9,
    locality,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 1,
    signal,
  };
  try {
    const { peers } = await announce(asked);
    // The tracker forgets us at once: the fetch itself announces for itself.
    await announce({ ...asked, event: "stopped" }).catch(() => {});
    return peers;
  } catch {
    return [];
  }
}

/** The info dictionary from the first peer that has the right one. */
async function askPeers(
  addresses: readonly string[],
  own: { infoHash: string; peerId: string; clock: Clock; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const { infoHash, peerId, clock, signal } = own;
  const enough = new AbortController();
  const stop = () => enough.abort();
  signal.addEventListener("abort", stop);
  const pending = [...addresses];
  let info: Uint8Array | undefined;
  const work = async () => {
    for (let address = pending.shift(); address !== undefined; address = pending.shift()) {
      if (enough.signal.aborted) return;
      try {
        const greeted = await dial(address, { infoHash, peerId }, { clock, signal: enough.signal });
        const bytes = await requestMetadata(greeted, {
          clock,
          signal: enough.signal,
          maxBytes: MAX_METAINFO_BYTES,
        });
        if (createHash("sha1").update(bytes).digest("hex") !== infoHash) continue;
        info ??= bytes;
        return stop();
      } catch {
        // The next one may be better.
      }
    }
  };
  if (signal.aborted) stop();
  await Promise.all(Array.from({ length: PARALLEL_PEERS }, work));
  signal.removeEventListener("abort", stop);
  return info;
}

function assemble(info: Uint8Array, trackers: readonly string[]): Uint8Array {
  const [first] = trackers;
  const head = bencode.encode({
    ...first === undefined
      ? {}
      : { announce: first, "announce-list": trackers.map((url) => [url]) },
    "created by": "rollcall",
  });
  // The keys before "info" end here; the dictionary itself goes in as it is, or its hash would change.
  const metainfo = new Uint8Array(
    Buffer.concat([head.subarray(0, -1), Buffer.from("4:info"), info, Buffer.from("e")]),
  );
  readRelease(metainfo);
  return metainfo;
}
