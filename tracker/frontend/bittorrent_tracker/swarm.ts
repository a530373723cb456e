/**
 * A swarm as the server of `npm:bittorrent-tracker` wants it, without state: announces and scrapes go to the tracker's own
 * `Swarms`, with its settings, subnet map, allow-list and bounds. The package's own cache of peers (which drops living
 * peers beyond a thousand, and hands peers to themselves) stays empty, and its `_getPeers` is not called.
 */

import { Buffer } from "node:buffer";
import Server from "bittorrent-tracker/server";
import { withoutMapping } from "../../../base/ip_address.ts";
import { formatDuty } from "../../../base/stripes.ts";
import type { Announce, Answer } from "../../members/mod.ts";
import { DEFAULT_WANTED, type RollcallFields } from "../announce_parser.ts";
import type {
  Callback,
  PackageAnnounce,
  PackageAnswer,
  PackageServerConstructor,
} from "./types.ts";
import type { Swarms } from "../../swarm/mod.ts";
import { MAX_UDP_WANTED } from "../udp.ts";

const { Swarm } = Server as unknown as PackageServerConstructor;

/** What a shared swarm needs. */
export interface SharedSwarmOptions {
  readonly swarms: Swarms;
  /** What an announce tells that the package's parsers ignore. */
  readonly fieldsOf: (announce: PackageAnnounce) => RollcallFields | undefined;
  readonly onError: (cause: unknown) => void;
}

/** Hands the announces and scrapes of one info hash on to the tracker's `Swarms`. */
export class SharedSwarm extends Swarm {
  readonly #infoHash: string;
  readonly #options: SharedSwarmOptions;

  /** `infoHash` in 40 hexadecimal digits. */
  constructor(infoHash: string, options: SharedSwarmOptions) {
    super(infoHash, { peersCacheLength: 1 });
    this.#infoHash = infoHash;
    this.#options = options;
  }

  /** Called by the server for every announce that its parsers accepted. */
  override announce(asked: PackageAnnounce, callback: Callback<PackageAnswer>): void {
    const { swarms, fieldsOf, onError } = this.#options;
    let answer: PackageAnswer | Error;
    try {
      answer = answerTo(asked, fieldsOf(asked), swarms);
    } catch (cause) {
      // The package catches nothing: one strange announce would end the tracker.
      onError(cause);
      answer = new Error("the tracker failed");
    }
    if (answer instanceof Error) callback(answer);
    else callback(null, answer);
  }

  /** Called by the server for every info hash of a scrape. */
  override scrape(
    _asked: unknown,
    callback: Callback<{ complete: number; incomplete: number }>,
  ): void {
    callback(null, this.#options.swarms.scrape(toBytes(this.#infoHash)));
  }
}

/** Hexadecimal digits as a string of one character per byte. */
export function toBytes(hexadecimal: string): string {
  return Buffer.from(hexadecimal, "hex").toString("latin1");
}

function answerTo(
  asked: PackageAnnounce,
  fields: RollcallFields | undefined,
  swarms: Swarms,
): PackageAnswer | Error {
  if (!Number.isInteger(asked.port)) return new Error("expected a port from 1 to 65535");
  const answer = swarms.announce(toAnnounce(asked, fields));
  if ("refusal" in answer) return new Error(answer.refusal);
  return toPackage(answer, fields?.site !== undefined);
}

function toAnnounce(asked: PackageAnnounce, fields: RollcallFields | undefined): Announce {
  const { event, left, numwant } = asked;
  const ip = withoutMapping(asked.ip);
  const family = ip.includes(":") ? 6 : 4;
  const wanted = numwant > 0 ? Math.floor(numwant) : DEFAULT_WANTED;
  const reachedAt = asked.httpReq?.socket.localAddress;
  const isCounted = Number.isSafeInteger(left) && left >= 0;
  return {
    infoHash: toBytes(asked.info_hash),
    peerId: toBytes(asked.peer_id),
    ip,
    reachedAt: reachedAt === undefined ? undefined : withoutMapping(reachedAt),
    port: asked.port,
    // Some clients say only that they have completed.
    leftBytes: event === "completed" ? 0 : isCounted ? left : Infinity,
    uploadedBytes: toCount(asked.uploaded),
    downloadedBytes: toCount(asked.downloaded),
    isCompleted: event === "completed",
    isStopped: event === "stopped",
    // The package would send longer datagrams than every link takes.
    wanted: asked.type === "udp" ? Math.min(wanted, MAX_UDP_WANTED) : wanted,
    ...(asked.type === "udp" ? { family } : {}),
    ...fields,
  };
}

/** A whole number that is not negative; anything else counts as 0. */
function toCount(value: unknown): number {
  const count = Number(value);
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

function toPackage(answer: Answer, tellsReach: boolean): PackageAnswer {
  const { complete, incomplete, intervalMs, minIntervalMs, peers, reach, duty } = answer;
  return {
    complete,
    incomplete,
    interval: toSeconds(intervalMs),
    "min interval": toSeconds(Math.min(minIntervalMs, intervalMs)),
    peers: peers.map(({ ip, port, peerId }) => ({
      ip,
      port,
      peerId: Buffer.from(peerId, "latin1").toString("hex"),
    })),
    ...(tellsReach && duty !== undefined ? { stripes: formatDuty(duty) } : {}),
    ...(tellsReach ? { reach, "interval ms": Math.round(intervalMs) } : {}),
  };
}

function toSeconds(ms: number): number {
  return Math.max(1, Math.round(ms / 1000));
}
