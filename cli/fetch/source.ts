/**
 * Parses the source that `rollcall fetch` and `rollcall seed` are given, by its form alone: no file is opened and no server
 * is asked. `resolve_release.ts` finds the release that it names.
 *
 * @module
 */

import parseTorrent from "parse-torrent";
import { UsageError } from "../shared/errors.ts";

/** A source, by its kind. */
export type Source =
  /** `-`: a .torrent on standard input. */
  | { readonly kind: "stdin" }
  /** The path of a .torrent. */
  | { readonly kind: "file"; readonly path: string }
  /** The URL of a .torrent or of a feed; which of the two shows when it is read. */
  | { readonly kind: "url"; readonly url: string }
  /** A magnet link (BEP 9), or a bare info hash, which is a magnet link without trackers. */
  | MagnetSource;

/** An info hash, and where its .torrent may be found. */
export interface MagnetSource {
  readonly kind: "magnet";
  /** 40 hexadecimal digits, lower case. */
  readonly infoHash: string;
  /** Announce URLs (`tr`). */
  readonly trackers: readonly string[];
  /** Addresses of peers (`x.pe`). */
  readonly peers: readonly string[];
  /** URL of the .torrent itself (`xs`), if the link has one. */
  readonly torrentUrl: string | undefined;
}

/** What parse-torrent returns for a magnet link; the package has no types for it. */
interface ParsedMagnet {
  readonly infoHash?: string;
  readonly announce?: readonly string[];
  readonly peerAddresses?: readonly string[];
  readonly xs?: string | readonly string[];
}

const HEXADECIMAL_HASH = /^[0-9a-fA-F]{40}$/;
const BASE32_HASH = /^[a-zA-Z2-7]{32}$/;
/** No useful link has more trackers or peers than this; the others are dropped. */
const MAX_TRACKERS = 16;
const MAX_PEERS = 64;

/**
 * Parses a source.
 *
 * @throws {UsageError} for a magnet link without an info hash of BitTorrent 1, and for what looks like a damaged hash.
 */
export async function parseSource(text: string): Promise<Source> {
  if (text === "-") return { kind: "stdin" };
  if (/^magnet:/i.test(text)) return await parseMagnet(text);
  if (/^https?:\/\//i.test(text)) {
    if (!URL.canParse(text)) throw new UsageError(`source: expected a URL, was "${text}"`);
    return { kind: "url", url: text };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) {
    throw new UsageError(
      `source: expected http or https, was ${scheme}: "${text}"; a file is given by its path`,
    );
  }
  if (HEXADECIMAL_HASH.test(text) || BASE32_HASH.test(text)) {
    return await parseMagnet(`magnet:?xt=urn:btih:${text}`);
  }
  // A file whose name consists of such digits alone can still be given as ./NAME.
  if (/^[0-9a-fA-F]{30,}$/.test(text)) {
    throw new UsageError(
      `source: expected an info hash of 40 hexadecimal digits, there were ${text.length}: "${text}"`,
    );
  }
  return { kind: "file", path: text };
}

async function parseMagnet(link: string): Promise<MagnetSource> {
  let parsed: ParsedMagnet;
  try {
    parsed = await parseTorrent(link) as ParsedMagnet;
  } catch (cause) {
    throw new UsageError(`source: ${describeMagnetProblem(link)}`, { cause });
  }
  const { infoHash = "", announce = [], peerAddresses = [] } = parsed;
  if (!HEXADECIMAL_HASH.test(infoHash)) {
    throw new UsageError(`source: ${describeMagnetProblem(link)}`);
  }
  const trackers = [...new Set(announce)].slice(0, MAX_TRACKERS);
  for (const url of trackers) {
    if (!URL.canParse(url)) {
      throw new UsageError(
        `source: expected a tracker's URL after tr= in the magnet link, was "${url}"`,
      );
    }
  }
  const exact = [parsed.xs ?? []].flat().find((url) => /^https?:\/\//i.test(url));
  return {
    kind: "magnet",
    infoHash: infoHash.toLowerCase(),
    trackers,
    peers: [...new Set(peerAddresses)].slice(0, MAX_PEERS),
    torrentUrl: exact !== undefined && URL.canParse(exact) ? exact : undefined,
  };
}

function describeMagnetProblem(link: string): string {
  const expected =
    "expected a magnet link with xt=urn:btih: and 40 hexadecimal or 32 base-32 digits";
  const topic = /[?&]xt=([^&]*)/i.exec(link)?.[1];
  if (topic === undefined) {
    return `${expected}, there was no xt= in "${link}"; quote the link, & means something to a shell`;
  }
  if (/^urn:btmh:/i.test(topic)) {
    return `${expected}, there was one of BitTorrent 2 alone (btmh), which is not spoken here`;
  }
  return `${expected}, was "${topic}"`;
}
