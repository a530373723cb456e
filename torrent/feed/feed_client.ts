/** Reads a feed and its .torrent files, and checks both before they are trusted. */

import { z } from "zod";
import { readStream, TooLargeError } from "../../base/bounded_read.ts";
import { fetchDirectly } from "../../base/direct_fetch.ts";
import { reasonOf } from "../../base/reason.ts";
import { FeedError, ReleaseError } from "../errors.ts";
import { MAX_METAINFO_BYTES, readRelease } from "../release/mod.ts";
import { type FeedRelease, feedSchema, type Origin, TORRENT_MIME_TYPE } from "./feed_format.ts";

/** The largest feed: room for the thousands of releases that a feed keeps. */
const MAX_FEED_BYTES = 8 * 1024 * 1024;
/** The longest wait for an answer; a build machine that takes longer is asked again later. */
const DEADLINE_MS = 30_000;

/** Redirects within a server; a build machine behind a proxy has one. */
const MAX_REDIRECTS = 3;

/** A release that a feed offers. */
export interface OfferedRelease extends FeedRelease {
  /** ISO 8601. */
  readonly publishedAt: string;
  /** Where its .torrent is. */
  readonly torrentUrl: string;
  /** Where the build machine stands, if the feed tells. */
  readonly origin?: Origin | undefined;
  /** "address:port" of seeders, the build machine's own: for when the trackers name nobody who gives anything. */
  readonly peers?: readonly string[] | undefined;
}

/** How to read a feed. */
export interface FeedRequest {
  readonly signal?: AbortSignal;
  /** Default 30 s. */
  readonly deadlineMs?: number;
}

/** Reads the releases of a feed, newest first. Rejects with a {@link FeedError}. */
export async function readFeed(url: string, request: FeedRequest = {}): Promise<OfferedRelease[]> {
  return parseFeed(await download(url, { ...request, maxBytes: MAX_FEED_BYTES }), url);
}

/** The releases of a feed that was read from that URL. Throws a {@link FeedError} "invalid_answer" for what is none. */
export function parseFeed(bytes: Uint8Array, url: string): OfferedRelease[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FeedError("invalid_answer", `read feed ${url}: expected JSON, there was none`, {
      cause,
    });
  }
  const feed = feedSchema.safeParse(document);
  if (!feed.success) {
    throw new FeedError(
      "invalid_answer",
      `read feed ${url}: not a feed of releases: ${z.prettifyError(feed.error)}`,
      { cause: feed.error },
    );
  }
  return feed.data.items.flatMap((item) => {
    const torrent = item.attachments.find((one) => one.mime_type === TORRENT_MIME_TYPE);
    if (torrent === undefined) return [];
    return [{ ...item._rollcall, publishedAt: item.date_published, torrentUrl: torrent.url }];
  });
}

/** Fetches a .torrent that must have the given info hash. Rejects with a {@link FeedError}. */
export async function fetchTorrent(
  url: string,
  request: FeedRequest & { expectInfoHash: string },
): Promise<Uint8Array> {
  const bytes = await download(url, { ...request, maxBytes: MAX_METAINFO_BYTES });
  try {
    readRelease(bytes, { expectInfoHash: request.expectInfoHash });
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    throw new FeedError("invalid_answer", `fetch ${url}: ${cause.message}`, { cause });
  }
  return bytes;
}

/**
 * Gets a document over HTTP. The address may come from a stranger's feed or znode, so only http and https are followed, and
 * redirects only within the same server: a host must not be made to read its own files, or to ask others in its name.
 */
async function download(
  url: string,
  request: FeedRequest & { maxBytes: number },
): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(request.deadlineMs ?? DEADLINE_MS);
  const signal = request.signal === undefined
    ? deadline
    : AbortSignal.any([deadline, request.signal]);
  const first = parseHttpUrl(url, url);
  try {
    let address = first;
    for (let redirects = 0;; redirects++) {
      const response = await fetchDirectly(address, { signal, redirect: "manual" });
      const target = response.headers.get("location");
      if (response.status >= 300 && response.status < 400 && target !== null) {
        await response.body?.cancel();
        address = parseHttpUrl(target, url, address);
        if (!isSameServer(address, first)) {
          throw new FeedError(
            "invalid_url",
            `get ${url}: expected an answer of ${first.host}, it redirects to ${address.host}; ` +
              "give the address there",
          );
        }
        if (redirects < MAX_REDIRECTS) continue;
        throw new FeedError("invalid_answer", `get ${url}: more than ${MAX_REDIRECTS} redirects`);
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw new FeedError("invalid_answer", `get ${url}: expected 200, was ${response.status}`);
      }
      return await readStream(response.body ?? new Blob([]).stream(), request.maxBytes);
    }
  } catch (cause) {
    if (cause instanceof FeedError) throw cause;
    if (cause instanceof TooLargeError) {
      throw new FeedError("invalid_answer", `get ${url}: ${cause.message}`, { cause });
    }
    const detail = reasonOf(cause);
    throw new FeedError("unreachable", `get ${url}: ${detail}; it is worth trying again`, {
      cause,
    });
  }
}

/** The same host and port; or the same host over https, to which many servers send on. */
function isSameServer(address: URL, first: URL): boolean {
  return address.origin === first.origin ||
    address.hostname === first.hostname && address.protocol === "https:" && address.port === "";
}

function parseHttpUrl(text: string, asked: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new FeedError(
    "invalid_url",
    `get ${asked}: expected an address of http or https, was ${
      url === null ? "none" : url.protocol
    }`,
  );
}
