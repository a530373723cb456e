/**
 * Writes answers in bencode straight into bytes (BEP 3, compact peers of BEP 23 and BEP 7). A general encoder needs an
 * object per answer first, which took more time than selecting the peers.
 *
 * All answers are written into one buffer: what a function returns is valid until the next call, so the caller sends or
 * copies it at once.
 */

import { formatDuty } from "../../base/stripes.ts";
import type { Answer, Member } from "../members/mod.ts";
import type { ScrapeEntry } from "../swarm/mod.ts";

/** The longest answer: a scrape of 74 hashes, or 82 peers as dictionaries of 100 bytes each. */
const MAX_BYTES = 16_384;
const IPV4_BYTES = 6;
const IPV6_BYTES = 18;
/** Up to five digits and a colon. */
const LENGTH_BYTES = 6;

const encoder = new TextEncoder();
const buffer = new Uint8Array(MAX_BYTES);
const view = new DataView(buffer.buffer);
let length = 0;

function text(ascii: string): void {
  for (let at = 0; at < ascii.length; at++) buffer[length++] = ascii.charCodeAt(at);
}

function number(value: number): void {
  text(String(value));
}

function integer(key: string, value: number): void {
  text(key);
  buffer[length++] = 0x69;
  number(value);
  buffer[length++] = 0x65;
}

function finish(): Uint8Array<ArrayBuffer> {
  const bytes = buffer.subarray(0, length);
  length = 0;
  return bytes;
}

/** The form in which an answer is wanted. */
export interface AnswerForm {
  /** Whether peers are written in the compact form (BEP 23), or as dictionaries. */
  readonly isCompact: boolean;
  /** Whether dictionaries leave out peer ids. */
  readonly omitsPeerIds: boolean;
  /** Whether to tell the reach, and the interval in milliseconds; a peer asks for it by telling its site. */
  readonly tellsReach: boolean;
}

/** Encodes the answer to an announce. Intervals are in whole seconds, at least one, unless it says milliseconds. */
export function encodeAnswer(answer: Answer, form: AnswerForm): Uint8Array<ArrayBuffer> {
  length = 0;
  text("d");
  integer("8:complete", answer.complete);
  integer("10:incomplete", answer.incomplete);
  integer("8:interval", toSeconds(answer.intervalMs));
  // Ours begin with shorter ones than a second.
  if (form.tellsReach) integer("11:interval ms", Math.round(answer.intervalMs));
  integer("12:min interval", toSeconds(Math.min(answer.minIntervalMs, answer.intervalMs)));
  text("5:peers");
  if (form.isCompact) compactPeers(answer.peers);
  else dictionaryPeers(answer.peers, form.omitsPeerIds);
  if (form.tellsReach) {
    text("5:reach");
    number(answer.reach.length);
    text(":");
    text(answer.reach);
    if (answer.duty !== undefined) {
      const duty = formatDuty(answer.duty);
      text("7:stripes");
      number(duty.length);
      text(":");
      text(duty);
    }
  }
  text("e");
  return finish();
}

/** Encodes the reason why an announce or scrape was refused. */
export function encodeFailure(reason: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(reason);
  length = 0;
  text("d14:failure reason");
  number(bytes.length);
  text(":");
  buffer.set(bytes, length);
  length += bytes.length;
  text("e");
  return finish();
}

/** Encodes the answer to a scrape (BEP 48), at most 74 entries. */
export function encodeScrape(
  entries: ReadonlyMap<string, ScrapeEntry>,
): Uint8Array<ArrayBuffer> {
  length = 0;
  text("d5:filesd");
  // Keys of a dictionary are sorted as raw bytes; with one character per byte that is the order of strings.
  for (const hash of [...entries.keys()].sort()) {
    const entry = entries.get(hash);
    if (entry === undefined) continue;
    text("20:");
    text(hash);
    text("d");
    integer("8:complete", entry.complete);
    integer("10:downloaded", entry.downloaded);
    integer("10:incomplete", entry.incomplete);
    text("e");
  }
  text("ee");
  return finish();
}

/** This loop is most of what an answer costs, so it visits the peers once, unless some of them have IPv6 addresses. */
function compactPeers(peers: readonly Member[]): void {
  const lengthAt = length;
  // The number of bytes comes first, and is known last: room for five digits and the colon is left before the peers.
  const from = lengthAt + LENGTH_BYTES;
  let at = from;
  for (const { compact, ipv4, port } of peers) {
    if (compact.length !== IPV4_BYTES) continue;
    // Two stores in place of a copy.
    view.setUint32(at, ipv4);
    view.setUint16(at + 4, port);
    at += IPV4_BYTES;
  }
  number(at - from);
  text(":");
  buffer.copyWithin(length, from, at);
  length += at - from;
  const ipv6Count = peers.length - (at - from) / IPV4_BYTES;
  if (ipv6Count > 0) compactPeers6(peers, ipv6Count);
}

function compactPeers6(peers: readonly Member[], count: number): void {
  text("6:peers6");
  number(count * IPV6_BYTES);
  text(":");
  for (const { compact } of peers) {
    if (compact.length !== IPV6_BYTES) continue;
    buffer.set(compact, length);
    length += IPV6_BYTES;
  }
}

function dictionaryPeers(peers: readonly Member[], omitsPeerIds: boolean): void {
  text("l");
  for (const { ip, port, peerId } of peers) {
    text(`d2:ip${ip.length}:${ip}`);
    if (!omitsPeerIds) text(`7:peer id20:${peerId}`);
    integer("4:port", port);
    text("e");
  }
  text("e");
}

function toSeconds(ms: number): number {
  return Math.max(1, Math.round(ms / 1000));
}
