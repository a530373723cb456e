/** Serves the build machine's feed over HTTP: the list of its releases, and their .torrent files. */

import { createHash } from "node:crypto";
import { Hono } from "hono";
import { type Clock, systemClock } from "../../base/clock.ts";
import { formatAddress } from "../../base/ip_address.ts";
import type { Log } from "../../base/log.ts";
import { answerOnlyTo, fetchHandler, HostNames, HttpServer } from "../../http/mod.ts";
import {
  type Origin,
  type PublishedRelease,
  renderFeed,
  TORRENT_MIME_TYPE,
} from "./feed_format.ts";
import { FeedStore } from "./feed_store.ts";

/** How a feed is served. */
export interface FeedServerOptions {
  /** The directory that keeps the feed; made if it is missing. */
  readonly directory: string;
  /** Address to listen on. Default "0.0.0.0". */
  readonly hostname?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** What its URLs begin with. Default: `hostname` and port, or this machine's name if `hostname` is a wildcard. */
  readonly baseUrl?: string;
  /** Where this machine stands; with it, reports tell how little could have crossed borders. Default: not told. */
  readonly origin?: Origin;
  /** Further names that the feed is answered to, beside that in `baseUrl`; see `HostNames`. Default: none. */
  readonly hostNames?: readonly string[];
  /** The port on which this machine seeds the releases; hosts try it when their trackers are of no use. Default: not told. */
  readonly peerPort?: number;
  readonly log: Log;
  /** Default: the system's calendar. */
  readonly clock?: Clock;
}

/** A feed at work. */
export interface FeedServer {
  /** The URL of the feed itself, ".../feed.json". */
  readonly url: string;
  readonly port: number;
  /** The releases, newest first. */
  readonly releases: readonly PublishedRelease[];
  /**
   * Publishes a release; returns false if it was there already. Rejects with a `FeedError` "version_taken" if the same
   * service and version has other content, or with a `ReleaseError` if the .torrent is not acceptable.
   */
  add(metainfo: Uint8Array): Promise<boolean>;
  /** Takes a release out of the feed; returns false if it is not there. */
  remove(infoHash: string): Promise<boolean>;
  /**
   * Leaves a release out of the list, or takes it in again: nobody can roll it out meanwhile. Its .torrent is served all the
   * same, since hosts that fetch it already may have the rest from each other.
   */
  setOffered(infoHash: string, isOffered: boolean): void;
  /** The .torrent of a release in the feed, or undefined. */
  torrent(infoHash: string): Promise<Uint8Array | undefined>;
  /** The URL of a release's .torrent. */
  torrentUrl(infoHash: string): string;
  /** Stops listening; resolves when the requests that are under way are answered. */
  close(): Promise<void>;
}

/** Starts a feed. Resolves when it listens; rejects with a `FeedError` "storage" if the directory cannot be used. */
export async function createFeedServer(options: FeedServerOptions): Promise<FeedServer> {
  const { log } = options;
  const hostname = options.hostname ?? "0.0.0.0";
  const store = await FeedStore.open({
    directory: options.directory,
    clock: options.clock ?? systemClock,
    log,
  });
  let baseUrl = "";
  let peers: string[] | undefined;
  const heldBack = new Set<string>();
  const app = new Hono();
  app.get("/feed.json", (context) => {
    const body = new TextEncoder().encode(
      renderFeed(store.releases.filter(({ infoHash }) => !heldBack.has(infoHash)), {
        baseUrl,
        origin: options.origin,
        peers,
      }),
    );
    return answer(context.req.raw, { body, type: "application/feed+json", caching: "no-cache" });
  });
  app.get("/torrents/:name", async (context) => {
    const infoHash = /^([0-9a-f]{40})\.torrent$/.exec(context.req.param("name"))?.[1];
    const body = infoHash === undefined ? undefined : await store.torrent(infoHash);
    if (body === undefined) return context.text("no such release\n", 404);
    const caching = "public, max-age=31536000, immutable";
    return answer(context.req.raw, { body, type: TORRENT_MIME_TYPE, caching });
  });
  app.onError((error, context) => {
    log.error("feed: {error}", { error });
    return context.text("the feed cannot be read now\n", 500);
  });
  const names = new HostNames([hostname, ...urlHost(options.baseUrl), ...options.hostNames ?? []]);
  const server = HttpServer.listen({
    name: "feed",
    hostname,
    port: options.port ?? 0,
    log,
    // Time limits of connections are real time, also where the feed's calendar is a test's.
    clock: systemClock,
    handler: answerOnlyTo(names, "publish with --allow-host NAME", fetchHandler(app.fetch)),
  });
  const { port } = server;
  baseUrl = options.baseUrl?.replace(/\/+$/, "") ?? defaultBaseUrl(hostname, port);
  if (options.peerPort !== undefined) peers = [`${new URL(baseUrl).hostname}:${options.peerPort}`];
  return {
    url: `${baseUrl}/feed.json`,
    port,
    get releases() {
      return store.releases;
    },
    torrent: (infoHash) => store.torrent(infoHash),
    add: (metainfo) => store.add(metainfo),
    remove(infoHash) {
      heldBack.delete(infoHash);
      return store.remove(infoHash);
    },
    setOffered(infoHash, isOffered) {
      if (isOffered) heldBack.delete(infoHash);
      else heldBack.add(infoHash);
    },
    torrentUrl: (infoHash) => `${baseUrl}/torrents/${infoHash}.torrent`,
    close: () => server.close(),
  };
}

/** The host of a URL as it is given, if one is. */
function urlHost(url: string | undefined): string[] {
  const hostname = URL.parse(url ?? "")?.hostname;
  return hostname === undefined ? [] : [hostname];
}

function defaultBaseUrl(hostname: string, port: number): string {
  const isWildcard = hostname === "0.0.0.0" || hostname === "::";
  const name = isWildcard ? Deno.hostname() : hostname;
  return `http://${formatAddress(name, port)}`;
}

function answer(
  request: Request,
  content: { body: Uint8Array<ArrayBuffer>; type: string; caching: string },
): Response {
  const etag = `"${createHash("sha256").update(content.body).digest("hex").slice(0, 32)}"`;
  const headers = { etag, "cache-control": content.caching, "content-type": content.type };
  const known = request.headers.get("if-none-match")?.split(",").map((tag) => tag.trim());
  if (known?.some((tag) => tag === etag || tag === `W/${etag}` || tag === "*")) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(content.body, { headers });
}
