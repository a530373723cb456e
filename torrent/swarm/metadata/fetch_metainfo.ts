/**
 * This room exchanges metadata, the info dictionary of a .torrent (BEP 9): `metadata_service.ts` hands it to peers that
 * have only its hash, `metadata_request.ts` asks one peer for it. This file fetches a .torrent when only its info hash
 * is known, as in a magnet link: it asks peers, a few at a time and each on a connection of its own, until one sends a
 * dictionary whose SHA-1 is the info hash.
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

/** Peers that are asked at a time, so that some that hang do not hold up the search. */
const PARALLEL_PEERS = 8;
/** Pause between two rounds of asking trackers and peers. */
const ROUND_PAUSE_MS = 1000;

/** What is known of the .torrent, and whom to ask. */
export interface FetchMetainfoOptions {
  /** Of the release, 40 hexadecimal digits. */
  readonly infoHash: string;
  /** HTTP trackers to ask for peers; they become the trackers of the .torrent. Default: none. */
  readonly trackers?: readonly string[];
  /** "address:port" of peers that are known already (`x.pe` of a magnet link). Default: none. */
  readonly peers?: readonly string[];
  /** Where we are, for trackers that choose peers by it. */
  readonly locality: Locality;
  /** Ends the search; without one it goes on until a peer has answered. */
  readonly signal?: AbortSignal;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Fetches the bytes of the .torrent. Rejects with a {@link TransferError} "stopped" when the signal ends the search,
 * "engine_failed" if there is nobody to ask, and with a `ReleaseError` if the dictionary with that hash is no release
 * of Rollcall's.
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

/** The peers that a tracker names; none if it does not answer. */
async function askTracker(
  tracker: string,
  own: { infoHash: string; peerId: string; locality: Locality; signal: AbortSignal },
): Promise<readonly string[]> {
  const { infoHash, peerId, locality, signal } = own;
  const asked = {
    tracker,
    infoHash,
    peerId,
    // Nobody can fetch anything from us, so the port is one that never answers (discard, RFC 863).
    port: 9,
    locality,
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: 1,
    signal,
  };
  try {
    const { peers } = await announce(asked);
    // The tracker is to forget this announce at once; the transfer makes its own.
    await announce({ ...asked, event: "stopped" }).catch(() => {});
    return peers;
  } catch {
    return [];
  }
}

/** The info dictionary from the first peer that sends the right one; undefined if none does. */
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
        const established = await dial(address, { infoHash, peerId }, {
          clock,
          signal: enough.signal,
        });
        const bytes = await requestMetadata(established, {
          clock,
          signal: enough.signal,
          maxBytes: MAX_METAINFO_BYTES,
        });
        if (createHash("sha1").update(bytes).digest("hex") !== infoHash) continue;
        info ??= bytes;
        return stop();
      } catch {
        // The next peer may answer.
      }
    }
  };
  if (signal.aborted) stop();
  await Promise.all(Array.from({ length: PARALLEL_PEERS }, work));
  signal.removeEventListener("abort", stop);
  return info;
}

/** Puts a .torrent together from the info dictionary and the trackers. */
function assemble(info: Uint8Array, trackers: readonly string[]): Uint8Array {
  const [first] = trackers;
  const head = bencode.encode({
    ...first === undefined
      ? {}
      : { announce: first, "announce-list": trackers.map((url) => [url]) },
    "created by": "rollcall",
  });
  // The encoded dictionary is put in as it is: encoding it anew could change its hash.
  const metainfo = new Uint8Array(
    Buffer.concat([head.subarray(0, -1), Buffer.from("4:info"), info, Buffer.from("e")]),
  );
  readRelease(metainfo);
  return metainfo;
}
