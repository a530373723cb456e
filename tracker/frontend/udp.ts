/**
 * The tracker over UDP (BEP 15): connect, announce, scrape. Site, rack and host come as URL data (BEP 41) or from the
 * subnet map. A peer that has not shown that it receives at its address is sent no more bytes than it sent, and a datagram
 * that is not understood is not answered.
 */

import { withoutMapping } from "../../base/ip_address.ts";
import type { Answer } from "../members/mod.ts";
import { DEFAULT_WANTED, MAX_SCRAPED, parseUrlData } from "./announce_parser.ts";
import type { ConnectionIds } from "./connection_ids.ts";
import type { Counters } from "../stats/mod.ts";
import type { Swarms } from "../swarm/mod.ts";

/** Peers in one answer at most, which has to fit into one packet on any link: 20 + 74 · 6, or 20 + 74 · 18 bytes. */
export const MAX_UDP_WANTED = 74;
/** The longest URL data; far more than three names take. */
const MAX_URL_DATA = 2048;
/** What a connect request has in place of a connection id (BEP 15). */
export const PROTOCOL_ID = 0x41727101980n;
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
const CONNECT_BYTES = 16;
const ANNOUNCE_BYTES = 98;
const HASH_BYTES = 20;
const IPV4_BYTES = 6;
const COMPLETED = 1;
const STOPPED = 3;
const OPTION_END = 0;
const OPTION_NO_OPERATION = 1;
const OPTION_URL_DATA = 2;

/** What the UDP frontend needs. */
export interface UdpFrontendOptions {
  readonly swarms: Swarms;
  readonly ids: ConnectionIds;
  readonly counters: Counters;
}

/** Answers the datagrams of the UDP protocol. */
export class UdpFrontend {
  readonly #swarms: Swarms;
  readonly #ids: ConnectionIds;
  readonly #counters: Counters;

  constructor({ swarms, ids, counters }: UdpFrontendOptions) {
    this.#swarms = swarms;
    this.#ids = ids;
    this.#counters = counters;
  }

  /** The reply to a datagram, or undefined if it gets none. `ip` is the sender's address as the socket has it. */
  answer(datagram: Uint8Array, ip: string): Uint8Array | undefined {
    const reply = this.#answer(datagram, withoutMapping(ip));
    if (reply === undefined) this.#counters.udpIgnored++;
    return reply;
  }

  #answer(datagram: Uint8Array, ip: string): Uint8Array | undefined {
    if (datagram.length < CONNECT_BYTES) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const id = view.getBigUint64(0);
    const action = view.getUint32(8);
    if (action === CONNECT) {
      if (id !== PROTOCOL_ID) return undefined;
      this.#counters.udpConnects++;
      const reply = replyTo(view, CONNECT, 16);
      reply.setBigUint64(8, this.#ids.idFor(ip));
      return bytesOf(reply);
    }
    if (!this.#ids.isValid(id, ip)) return undefined;
    if (action === ANNOUNCE) return this.#announce(view, ip);
    if (action === SCRAPE) return this.#scrape(view);
    return undefined;
  }

  #announce(view: DataView, ip: string): Uint8Array | undefined {
    if (view.byteLength < ANNOUNCE_BYTES) return undefined;
    const port = view.getUint16(96);
    if (port === 0) return this.#error(view, "expected a port from 1 to 65535");
    const wanted = view.getInt32(92);
    const event = view.getUint32(80);
    const family = ip.includes(":") ? 6 : 4;
    const answer = this.#swarms.announce({
      infoHash: latin1(view, 16),
      peerId: latin1(view, 36),
      ip,
      port,
      leftBytes: event === COMPLETED ? 0 : readCount(view, 64),
      uploadedBytes: readCount(view, 72),
      downloadedBytes: readCount(view, 56),
      isCompleted: event === COMPLETED,
      isStopped: event === STOPPED,
      // -1 is the default, as is by a common misreading 0.
      wanted: wanted <= 0 ? DEFAULT_WANTED : Math.min(wanted, MAX_UDP_WANTED),
      family,
      ...parseUrlData(readUrlData(view)),
    });
    if ("refusal" in answer) return this.#error(view, answer.refusal);
    this.#counters.udpAnnounces++;
    return encodeAnnounce(view, answer);
  }

  #scrape(view: DataView): Uint8Array | undefined {
    const hashes = Math.floor((view.byteLength - CONNECT_BYTES) / HASH_BYTES);
    if (hashes === 0 || hashes > MAX_SCRAPED) return undefined;
    this.#counters.udpScrapes++;
    const reply = replyTo(view, SCRAPE, 8 + 12 * hashes);
    for (let index = 0; index < hashes; index++) {
      const hash = latin1(view, CONNECT_BYTES + HASH_BYTES * index);
      const { complete, downloaded, incomplete } = this.#swarms.scrape(hash);
      reply.setUint32(8 + 12 * index, complete);
      reply.setUint32(12 + 12 * index, downloaded);
      reply.setUint32(16 + 12 * index, incomplete);
    }
    return bytesOf(reply);
  }

  #error(view: DataView, reason: string): Uint8Array {
    this.#counters.refusals++;
    const text = new TextEncoder().encode(reason);
    const reply = replyTo(view, ERROR, 8 + text.length);
    bytesOf(reply).set(text, 8);
    return bytesOf(reply);
  }
}

function replyTo(view: DataView, action: number, sizeBytes: number): DataView {
  const reply = new DataView(new ArrayBuffer(sizeBytes));
  reply.setUint32(0, action);
  reply.setUint32(4, view.getUint32(12));
  return reply;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

function encodeAnnounce(view: DataView, answer: Answer): Uint8Array {
  const { peers } = answer;
  const entryBytes = peers[0]?.compact.length ?? 0;
  const reply = replyTo(view, ANNOUNCE, 20 + peers.length * entryBytes);
  reply.setUint32(8, Math.max(1, Math.round(answer.intervalMs / 1000)));
  reply.setUint32(12, answer.incomplete);
  reply.setUint32(16, answer.complete);
  const bytes = bytesOf(reply);
  let at = 20;
  for (const { compact, ipv4, port } of peers) {
    if (entryBytes === IPV4_BYTES) {
      reply.setUint32(at, ipv4);
      reply.setUint16(at + 4, port);
    } else bytes.set(compact, at);
    at += entryBytes;
  }
  return bytes;
}

/** The 20 bytes at that position, one character each. */
function latin1(view: DataView, at: number): string {
  let text = "";
  const end = at + HASH_BYTES;
  for (; at < end; at++) text += String.fromCharCode(view.getUint8(at));
  return text;
}

/** A 64-bit count. No content has 2^53 bytes, so a larger number counts as not said. */
function readCount(view: DataView, at: number): number {
  const high = view.getUint32(at);
  return high >= 2 ** 21 ? Infinity : high * 2 ** 32 + view.getUint32(at + 4);
}

/** The URL data behind an announce, its parts put together (BEP 41). */
export function readUrlData(view: DataView): string {
  let text = "";
  let at = ANNOUNCE_BYTES;
  while (at < view.byteLength && text.length <= MAX_URL_DATA) {
    const option = view.getUint8(at++);
    if (option === OPTION_END) break;
    if (option === OPTION_NO_OPERATION) continue;
    if (at >= view.byteLength) break;
    const end = at + 1 + view.getUint8(at);
    if (end > view.byteLength) break;
    if (option === OPTION_URL_DATA) {
      for (let byte = at + 1; byte < end; byte++) text += String.fromCharCode(view.getUint8(byte));
    }
    at = end;
  }
  return text.length <= MAX_URL_DATA ? text : "";
}
