/**
 * One announce to an HTTP tracker (BEP 3, compact replies of BEP 23 and BEP 7): sends it, checks the reply and returns it.
 * When to announce is decided in `announcer.ts`.
 */

import bencode from "bencode";
import { z } from "zod";
import { fetchDirectly } from "../../base/direct_fetch.ts";
import { formatAddress, formatIpv6 } from "../../base/ip_address.ts";
import { readStream } from "../../base/bounded_read.ts";
import { outlineBencode } from "../release/mod.ts";
import { parseDuty, type StripeDuty } from "../../base/stripes.ts";
import { type BytesByDistance, isReach, type Locality, type Reach } from "../../base/locality.ts";

/** The longest reply: room for far more peers than are asked for. */
const MAX_REPLY_BYTES = 64 * 1024;
/** Values in a reply; with peers in the compact form there are some ten. */
const MAX_REPLY_VALUES = 1000;
/** A tracker that takes longer counts as away. */
const DEADLINE_MS = 10_000;
/** The number that trackers usually give; Rollcall's tracker decides by itself how many are useful. */
const WANTED_PEERS = 50;
/** The shortest interval in seconds, as other programs' trackers tell it; a shorter one would only load the tracker. */
const MIN_INTERVAL_SECONDS = 1;
/** The shortest interval of our own tracker, which tells it in milliseconds to hosts that have just come. */
const MIN_INTERVAL_MS = 200;
/** The longest interval; with a longer one a tracker that restarts would not hear of us for hours. */
const MAX_INTERVAL_SECONDS = 3600;

/** The part of a refusal that is told. */
const MAX_REASON_CHARACTERS = 500;

/** Whether a tracker at that URL can be asked: engines announce over HTTP alone. */
export function isAskable(url: string): boolean {
  const protocol = URL.parse(url)?.protocol;
  return protocol === "http:" || protocol === "https:";
}

/** The transfer's state, as an announce tells it. */
export interface AnnounceState {
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly leftBytes: number;
  /** Received since the transfer began, by distance: the tracker shows what crosses which border. Default: not said. */
  readonly received?: Readonly<BytesByDistance>;
  /**
   * "address:port" of hosts of the same site whose connection has just been lost: a gateway among them is replaced before
   * it misses its own announces. Default: none.
   */
  readonly lost?: readonly string[];
  /** The stripes that this host brings into its rack. Default: it does not obey stripes. */
  readonly stripes?: readonly number[];
  /**
   * "address:port" of peers that blocks are coming from, at most eight, seeds first: the tracker believes a seed once others
   * say so. Default: not told, which is not the same as none.
   */
  readonly sources?: readonly string[];
}

/** What to announce, and where. */
export interface AnnounceRequest extends AnnounceState {
  /** The announce URL. */
  readonly tracker: string;
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** 40 hexadecimal digits. */
  readonly peerId: string;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  readonly locality: Locality;
  /** Whether this host keeps to the `reach` of the replies; the tracker gives such hosts more peers. Default: no. */
  readonly keepsReach?: boolean | undefined;
  readonly event?: "started" | "completed" | "stopped";
  readonly signal: AbortSignal;
}

/** The tracker's reply. */
export interface AnnounceReply {
  readonly intervalMs: number;
  /** After which time the tracker may be asked again if need be. */
  readonly minIntervalMs: number;
  /** "address:port", IPv6 addresses in brackets. */
  readonly peers: readonly string[];
  /**
   * How far away the peers may be that this host fetches from: only gateways fetch from farther, so that each piece crosses
   * a border once. It does not limit sending. Undefined if the tracker does not say, which other programs' trackers do not.
   */
  readonly reach?: Reach;
  /** What this host is to bring in. Default: whatever its reach lets it. */
  readonly duty?: StripeDuty;
}

const secondsSchema = z.number().transform((seconds) =>
  Math.min(Math.max(seconds, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS) * 1000
);
const replySchema = z.union([
  z.object({ "failure reason": z.instanceof(Uint8Array) }),
  z.object({
    interval: secondsSchema,
    "interval ms": z.number().optional(),
    "min interval": secondsSchema.optional(),
    peers: z.instanceof(Uint8Array),
    peers6: z.instanceof(Uint8Array).optional(),
    // An unknown word comes from a tracker that means something else by the key.
    reach: z.instanceof(Uint8Array).transform((bytes) => readReach(bytes)).optional(),
    stripes: z.instanceof(Uint8Array).transform((bytes) =>
      parseDuty(new TextDecoder().decode(bytes))
    )
      .optional(),
  }),
]);

/** The tracker has answered that it does not take the announce, and why. */
export class AnnounceRefused extends Error {
  override readonly name = "AnnounceRefused";

  constructor(reason: string) {
    // It ends up in logs and on terminals, and the tracker may be anybody's.
    super(`refused: ${reason.slice(0, MAX_REASON_CHARACTERS).replaceAll(/\p{Cc}/gu, " ")}`);
  }
}

/** Announces. Rejects with an Error that says what was wrong, since every failure is handled by trying again. */
export async function announce(request: AnnounceRequest): Promise<AnnounceReply> {
  const url = announceUrl(request);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const response = await fetchDirectly(url, { signal, redirect: "error" });
  const bytes = await readStream(response.body ?? new Blob([]).stream(), MAX_REPLY_BYTES);
  if (!response.ok) throw new Error(`expected status 200, there was ${response.status}`);
  return parseReply(bytes);
}

/** The reply of a tracker. Throws an Error that says what was wrong, also if the tracker refuses. */
export function parseReply(bytes: Uint8Array): AnnounceReply {
  if (outlineBencode(bytes, MAX_REPLY_VALUES) === undefined) {
    throw new Error("expected bencode, there was not");
  }
  const reply = replySchema.parse(bencode.decode(bytes));
  if ("failure reason" in reply) {
    throw new AnnounceRefused(new TextDecoder().decode(reply["failure reason"]));
  }
  const toldMs = reply["interval ms"] ?? reply.interval;
  const intervalMs = Math.min(Math.max(toldMs, MIN_INTERVAL_MS), MAX_INTERVAL_SECONDS * 1000);
  return {
    intervalMs,
    minIntervalMs: Math.min(reply["min interval"] ?? intervalMs, intervalMs),
    peers: [...readPeers(reply.peers, 4), ...readPeers(reply.peers6 ?? new Uint8Array(), 16)],
    ...(reply.reach === undefined ? {} : { reach: reply.reach }),
    ...(reply.stripes === undefined ? {} : { duty: reply.stripes }),
  };
}

function readReach(bytes: Uint8Array): Reach | undefined {
  const word = new TextDecoder().decode(bytes);
  return isReach(word) ? word : undefined;
}

function announceUrl(request: AnnounceRequest): string {
  const { lost = [], sources, stripes } = request;
  const query = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploadedBytes}`,
    `downloaded=${request.downloadedBytes}`,
    `left=${request.leftBytes}`,
    "compact=1",
    `numwant=${request.event === "stopped" ? 0 : WANTED_PEERS}`,
    ...(request.event === undefined ? [] : [`event=${request.event}`]),
    `host=${encodeURIComponent(request.locality.host)}`,
    `site=${encodeURIComponent(request.locality.site)}`,
    `rack=${encodeURIComponent(request.locality.rack)}`,
    ...(request.received === undefined ? [] : [
      `rack_bytes=${request.received.rackBytes}`,
      `site_bytes=${request.received.siteBytes}`,
      `remote_bytes=${request.received.remoteBytes}`,
    ]),
    ...(request.keepsReach ? ["keeps_reach=1"] : []),
    ...(stripes === undefined ? [] : [`stripes=${stripes.join()}`]),
    ...(lost.length === 0 ? [] : [`lost=${lost.map(encodeURIComponent).join(",")}`]),
    ...(sources === undefined ? [] : [`sources=${sources.map(encodeURIComponent).join(",")}`]),
  ].join("&");
  return request.tracker + (request.tracker.includes("?") ? "&" : "?") + query;
}

function percentEncode(hexadecimal: string): string {
  return hexadecimal.replace(/../g, "%$&");
}

function* readPeers(compact: Uint8Array, addressBytes: 4 | 16): Generator<string> {
  const entryBytes = addressBytes + 2;
  const view = new DataView(compact.buffer, compact.byteOffset, compact.byteLength);
  for (let at = 0; at + entryBytes <= compact.length; at += entryBytes) {
    const port = view.getUint16(at + addressBytes);
    if (port === 0) continue;
    if (addressBytes === 4) {
      yield `${compact.subarray(at, at + 4).join(".")}:${port}`;
    } else {
      yield formatAddress(formatIpv6(compact.subarray(at, at + 16)), port);
    }
  }
}
