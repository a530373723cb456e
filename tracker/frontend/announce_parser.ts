/**
 * Parses the query of an announce (BEP 3) or scrape (BEP 48): of a URL over HTTP, of the URL data in a UDP announce
 * (BEP 41). It goes through the text once, since it runs for every announce; every value is bounded.
 */

import { parseStripes } from "../../base/stripes.ts";
import { Buffer } from "node:buffer";
import type { Announce } from "../members/mod.ts";
import type { BytesByDistance } from "../../base/locality.ts";

/** The longest query: room for a scrape of 74 hashes. Announces of Rollcall's engines take 400 characters with short names. */
export const MAX_QUERY_LENGTH = 8192;
/** Pairs of key and value in a query; announces have about 15. */
const MAX_PAIRS = 64;
/** The longest name of a host, site or rack, in characters. */
const MAX_NAME_LENGTH = 128;
/** Lost peers, and sources, in one announce; Rollcall's engine names 8 of each. */
const MAX_ADDRESSES = 8;
/** The longest address: an IPv6 address in brackets and a port, each character percent-encoded. */
const MAX_ADDRESS_LENGTH = 3 * 48;
/** Peers in one answer at most, whatever is asked for; the same as in the package bittorrent-tracker. */
export const MAX_WANTED = 82;
/** Peers in one answer if the peer does not say, or says -1 (BEP 15). */
export const DEFAULT_WANTED = 50;
/** Info hashes in one scrape; BEP 15 has room for so many. */
export const MAX_SCRAPED = 74;
const HASH_BYTES = 20;
/** Info hashes and peer ids that are kept decoded, since the same come again and again. All are dropped when it is full. */
const MAX_DECODED = 65_536;

/** An announce as its query says it, without the address, which only the socket knows. */
export interface AnnounceQuery extends Omit<Announce, "ip" | "family"> {
  /** Whether peers are wanted in the compact form (BEP 23), which is the default. */
  readonly isCompact: boolean;
  /** Whether the dictionary form may leave out peer ids. */
  readonly omitsPeerIds: boolean;
}

/** What only Rollcall's engines tell. */
export type RollcallFields = Pick<
  AnnounceQuery,
  "host" | "site" | "rack" | "received" | "keepsReach" | "stripes" | "lost" | "sources"
>;

/** Parses the query of an announce. Returns a text that says what is wrong if it is not acceptable. */
export function parseAnnounceQuery(query: string): AnnounceQuery | string {
  let [infoHash, peerId, event]: (string | undefined)[] = [];
  let [host, site, rack]: (string | undefined)[] = [];
  let [port, leftBytes, wanted] = [0, Infinity, DEFAULT_WANTED];
  let [uploadedBytes, downloadedBytes] = [0, 0];
  let [isCompact, omitsPeerIds, received]: [boolean, boolean, BytesByDistance | undefined] = [
    true,
    false,
    undefined,
  ];
  let [lost, sources]: (readonly string[] | undefined)[] = [];
  let keepsReach = false;
  let stripes: readonly number[] | undefined;
  const receivedBytes = () => received ??= { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  let at = 0;
  for (let pairs = 0; at < query.length; pairs++) {
    if (pairs >= MAX_PAIRS) return `expected at most ${MAX_PAIRS} keys, there were more`;
    let end = query.indexOf("&", at);
    if (end < 0) end = query.length;
    const equals = query.indexOf("=", at);
    if (equals > at && equals < end) {
      const value = query.slice(equals + 1, end);
      switch (query.slice(at, equals)) {
        case "info_hash":
          infoHash = decodeHash(value);
          break;
        case "peer_id":
          peerId = decodeHash(value);
          break;
        case "port":
          port = Number(value);
          break;
        case "left":
          leftBytes = readCount(value) ?? Infinity;
          break;
        case "uploaded":
          uploadedBytes = readCount(value) ?? 0;
          break;
        case "downloaded":
          downloadedBytes = readCount(value) ?? 0;
          break;
        case "event":
          event = value;
          break;
        case "numwant":
          wanted = readWanted(value);
          break;
        case "compact":
          isCompact = value !== "0";
          break;
        case "no_peer_id":
          omitsPeerIds = value === "1";
          break;
        case "host":
          host = decodeName(value);
          break;
        case "site":
          site = decodeName(value);
          break;
        case "rack":
          rack = decodeName(value);
          break;
        case "keeps_reach":
          keepsReach = value === "1";
          break;
        case "stripes":
          stripes = parseStripes(decodeBytes(value));
          break;
        case "lost":
          lost = readAddresses(value);
          break;
        case "sources":
          sources = readAddresses(value);
          break;
        case "rack_bytes":
          receivedBytes().rackBytes = readCount(value) ?? 0;
          break;
        case "site_bytes":
          receivedBytes().siteBytes = readCount(value) ?? 0;
          break;
        case "remote_bytes":
          receivedBytes().remoteBytes = readCount(value) ?? 0;
          break;
      }
    }
    at = end + 1;
  }
  if (infoHash === undefined) return "expected an info_hash of 20 bytes";
  if (peerId === undefined) return "expected a peer_id of 20 bytes";
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return "expected a port from 1 to 65535";
  }
  return {
    infoHash,
    peerId,
    port,
    // Some clients say only that they have completed.
    leftBytes: event === "completed" ? 0 : leftBytes,
    uploadedBytes,
    downloadedBytes,
    isCompleted: event === "completed",
    isStopped: event === "stopped",
    wanted,
    host,
    site,
    rack,
    received,
    keepsReach,
    stripes,
    lost,
    sources,
    isCompact,
    omitsPeerIds,
  };
}

/** The info hashes of a scrape, 20 characters each; or a text that says what is wrong with it. */
export function parseScrapeQuery(query: string): readonly string[] | string {
  const hashes: string[] = [];
  for (const pair of query.split("&", MAX_PAIRS * 2)) {
    if (!pair.startsWith("info_hash=")) continue;
    const hash = decodeHash(pair.slice("info_hash=".length));
    if (hash === undefined) return "expected an info_hash of 20 bytes";
    if (hashes.push(hash) > MAX_SCRAPED) return `expected at most ${MAX_SCRAPED} info hashes`;
  }
  return hashes.length > 0 ? hashes : "expected at least one info_hash";
}

/** What the URL data of a UDP announce tell (BEP 41); undefined without a query in them. */
export function parseUrlData(text: string): RollcallFields | undefined {
  const question = text.indexOf("?");
  if (question < 0) return undefined;
  // The other fields are in the datagram itself.
  const fixed = `info_hash=${"0".repeat(HASH_BYTES)}&peer_id=${"0".repeat(HASH_BYTES)}&port=1&`;
  const parsed = parseAnnounceQuery(fixed + text.slice(question + 1));
  if (typeof parsed === "string") return undefined;
  const { host, site, rack, received, keepsReach, stripes, lost, sources } = parsed;
  return { host, site, rack, received, keepsReach, stripes, lost, sources };
}

const decodedHashes = new Map<string, string>();

function decodeHash(text: string): string | undefined {
  if (text.length > 3 * HASH_BYTES) return undefined;
  const known = decodedHashes.get(text);
  if (known !== undefined) return known;
  const bytes = decodeBytes(text);
  if (bytes.length !== HASH_BYTES) return undefined;
  if (decodedHashes.size >= MAX_DECODED) decodedHashes.clear();
  decodedHashes.set(text, bytes);
  return bytes;
}

/** Undoes percent encoding, one character per byte; the bytes need not be UTF-8. */
function decodeBytes(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  let bytes = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x25) {
      const value = Number(`0x${text.slice(at + 1, at + 3)}`);
      if (Number.isNaN(value) || at + 2 >= text.length) {
        bytes += "%";
        continue;
      }
      bytes += String.fromCharCode(value);
      at += 2;
    } else bytes += character === 0x2b ? " " : text[at];
  }
  return bytes;
}

// deno-lint-ignore no-control-regex -- control characters are what is kept out of logs and pages
const CONTROL = /[\u0000-\u001f\u007f]/;

function decodeName(text: string): string | undefined {
  if (text === "" || text.length > 3 * 4 * MAX_NAME_LENGTH) return undefined;
  const bytes = decodeBytes(text);
  const name = bytes === text ? text : Buffer.from(bytes, "latin1").toString("utf8");
  return name.length <= MAX_NAME_LENGTH && !CONTROL.test(name) ? name : undefined;
}

function readAddresses(text: string): readonly string[] {
  return text.split(",", MAX_ADDRESSES)
    .filter(({ length }) => length > 0 && length <= MAX_ADDRESS_LENGTH)
    .map(decodeBytes);
}

/** A whole number that is not negative; undefined for anything else, which counts as not said. */
function readCount(text: string): number | undefined {
  const count = Number(text);
  return text !== "" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function readWanted(text: string): number {
  const wanted = readCount(text);
  return wanted === undefined ? DEFAULT_WANTED : Math.min(wanted, MAX_WANTED);
}
