/** Reads a feed and its .torrent files, and checks both before they are trusted. */

import { Buffer } from "node:buffer";
import { z } from "zod";
import { FeedError, ReleaseError } from "../errors.ts";
import { MAX_METAINFO_BYTES, readRelease } from "../release/mod.ts";
import { type FeedRelease, feedSchema, type Origin, TORRENT_MIME_TYPE } from "./feed_format.ts";

/** The largest feed: room for the thousands of releases that a feed keeps. */
const MAX_FEED_BYTES = 8 * 1024 * 1024;
/** The longest wait for an answer; a build machine that takes longer is asked again later. */
const DEADLINE_MS = 30_000;

/** A release that a feed offers. */
export interface OfferedRelease extends FeedRelease {
  /** ISO 8601. */
  readonly publishedAt: string;
  /** Where its .torrent is. */
  readonly torrentUrl: string;
  /** Where the build machine stands, if the feed tells. */
  readonly origin?: Origin | undefined;
}

/** How to read a feed. */
export interface FeedRequest {
  readonly signal?: AbortSignal;
  /** Default 30 s. */
  readonly deadlineMs?: number;
}

/** Reads the releases of a feed, newest first. Rejects with a {@link FeedError}. */
export async function readFeed(url: string, request: FeedRequest = {}): Promise<OfferedRelease[]> {
  const bytes = await download(url, { ...request, maxBytes: MAX_FEED_BYTES });
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
  let infoHash: string;
  try {
    infoHash = readRelease(bytes).infoHash;
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    throw new FeedError("invalid_answer", `fetch ${url}: ${cause.message}`, { cause });
  }
  if (infoHash !== request.expectInfoHash) {
    throw new FeedError(
      "invalid_answer",
      `fetch ${url}: expected info hash ${request.expectInfoHash}, there was ${infoHash}`,
    );
  }
  return bytes;
}

async function download(
  url: string,
  request: FeedRequest & { maxBytes: number },
): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(request.deadlineMs ?? DEADLINE_MS);
  const signal = request.signal === undefined
    ? deadline
    : AbortSignal.any([deadline, request.signal]);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new FeedError("invalid_answer", `get ${url}: expected 200, was ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    // Leaving the loop early cancels the body.
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.length;
      if (sizeBytes > request.maxBytes) {
        throw new FeedError("invalid_answer", `get ${url}: more than ${request.maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
    return new Uint8Array(Buffer.concat(chunks));
  } catch (cause) {
    if (cause instanceof FeedError) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FeedError("unreachable", `get ${url}: ${detail}; it is worth trying again`, {
      cause,
    });
  }
}
