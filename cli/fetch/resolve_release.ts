/**
 * Finds the release that a source names: reads files, feeds and .torrents, and chooses service and version where a feed
 * offers several.
 *
 * @module
 */

import { fetchDirectly } from "../../base/direct_fetch.ts";
import { readFile, readStream, TooLargeError } from "../../base/bounded_read.ts";
import {
  fetchTorrent,
  MAX_METAINFO_BYTES,
  type OfferedRelease,
  readFeed,
  readRelease,
  type Release,
  ReleaseError,
  withTrackers as replaceTrackers,
} from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import type { MagnetSource, Source } from "./source.ts";
import type { StopSignal } from "../shared/stop_signal.ts";

/** Which release is wanted, and how to get it. */
export interface ReleaseRequest {
  readonly source: Source;
  /** The service in a feed that offers several; the default is the only one there is. */
  readonly service: string | undefined;
  /** The version; the default is the newest. */
  readonly version: string | undefined;
  /** Announce URLs that replace those of the .torrent; empty: those of the .torrent stay. */
  readonly trackers: readonly string[];
  /** Gets a .torrent from the swarm (BEP 9). */
  readonly exchange: (magnet: MagnetSource) => Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

/** A release, and what its source says of where it can be had besides its trackers. */
export interface FoundRelease extends Release {
  /** "address:port" of seeders that the feed or the magnet link names. */
  readonly fallbackPeers: readonly string[];
}

/** How long a server may take to send a .torrent or a feed. */
const DOWNLOAD_DEADLINE_MS = 30_000;

/**
 * Finds the release.
 *
 * @throws {UsageError} for a file that is missing or no release, and for a choice that the feed does not offer;
 * {CommandError} or {FeedError} when nobody sends it.
 */
export async function resolveRelease(request: ReleaseRequest): Promise<FoundRelease> {
  const release = await readSource(request);
  const { service, version, trackers } = request;
  if (service !== undefined && service !== release.service) {
    throw new UsageError(
      `source: expected a release of ${service}, there is one of ${release.service} (${release.version})`,
    );
  }
  if (version !== undefined && version !== release.version) {
    throw new UsageError(
      `source: expected version ${version} of ${release.service}, there is ${release.version}`,
    );
  }
  if (trackers.length === 0) return release;
  return { ...withTrackers(release, trackers), fallbackPeers: release.fallbackPeers };
}

/** Finds the release, unless the user stops the command first: a server, or whoever writes to standard input, may be slow. */
export async function resolveReleaseOrStop(
  request: ReleaseRequest,
  stop: StopSignal,
): Promise<FoundRelease> {
  const stopped = stop.stopped.then(() => {
    throw new CommandError("stopped before the release was known");
  });
  const found = resolveRelease(request);
  // The one that loses may still reject, and its error is of no interest.
  for (const promise of [stopped, found]) promise.catch(() => {});
  return await Promise.race([found, stopped]);
}

/** The same release with other trackers, which the info hash does not cover. */
export function withTrackers(release: Release, trackers: readonly string[]): Release {
  const { infoHash: expectInfoHash, metainfo } = release;
  return readRelease(replaceTrackers(metainfo, trackers), { expectInfoHash });
}

async function readSource(request: ReleaseRequest): Promise<FoundRelease> {
  const { source, signal } = request;
  switch (source.kind) {
    case "stdin":
      return readTorrent(await readAll(Deno.stdin.readable, "standard input"), "standard input");
    case "file":
      return readTorrent(await readTorrentFile(source.path), source.path);
    case "url":
      return await readUrl(source.url, request);
    case "magnet": {
      const { torrentUrl, infoHash: expectInfoHash, peers: fallbackPeers } = source;
      const metainfo = torrentUrl === undefined
        ? await request.exchange(source)
        : await fetchTorrent(torrentUrl, { expectInfoHash, signal });
      return { ...readRelease(metainfo), fallbackPeers };
    }
  }
}

function readTorrent(bytes: Uint8Array, from: string): FoundRelease {
  try {
    return { ...readRelease(bytes), fallbackPeers: [] };
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    throw new UsageError(`source ${from}: ${cause.message}`, { cause });
  }
}

async function readTorrentFile(path: string): Promise<Uint8Array> {
  try {
    const { isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new UsageError(`source ${path}: expected a .torrent, it is a folder`);
    // With a limit: a device or a pipe has no size that says when it ends.
    return await readFile(path, MAX_METAINFO_BYTES);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof Deno.errors.NotFound
      ? "no such file; expected the path of a .torrent, a URL, a magnet link or an info hash"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new UsageError(`source ${path}: ${why}`, { cause });
  }
}

/** Reads a .torrent or a feed. A .torrent is a bencoded dictionary and a feed is JSON, so the first byte that is no blank tells which it is. */
async function readUrl(url: string, request: ReleaseRequest): Promise<FoundRelease> {
  const bytes = await download(url, request.signal);
  const first = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().at(0);
  if (first === "d") return readTorrent(bytes, url);
  if (first !== "{") {
    throw new CommandError(`source ${url}: expected a .torrent or a feed of releases, was neither`);
  }
  const { signal } = request;
  const offered = await readFeed(url, { signal });
  const chosen = chooseRelease(offered, { url, ...request });
  const { torrentUrl, infoHash: expectInfoHash, peers: fallbackPeers = [] } = chosen;
  const metainfo = await fetchTorrent(torrentUrl, { expectInfoHash, signal });
  return { ...readRelease(metainfo), fallbackPeers };
}

/** Chooses one of a feed's releases, which come newest first. @throws {UsageError} that lists what the feed offers. */
export function chooseRelease(
  offered: readonly OfferedRelease[],
  wanted: {
    readonly url: string;
    readonly service?: string | undefined;
    readonly version?: string | undefined;
  },
): OfferedRelease {
  const { url, service, version } = wanted;
  const services = [...new Set(offered.map((release) => release.service))];
  const [only] = services;
  if (only === undefined) throw new CommandError(`feed ${url}: it offers no release yet`);
  if (service === undefined && services.length > 1) {
    throw new UsageError(
      `feed ${url}: expected the name of a service after the feed's URL, it offers ${
        listed(services)
      }`,
    );
  }
  const name = service ?? only;
  const ofService = offered.filter((release) => release.service === name);
  const chosen = ofService.find((release) => version === undefined || release.version === version);
  if (chosen !== undefined) return chosen;
  throw new UsageError(
    ofService.length === 0
      ? `feed ${url}: expected a release of ${name}, it offers ${listed(services)}`
      : `feed ${url}: expected version ${version} of ${name}, it offers ${
        listed(ofService.map((release) => release.version))
      }`,
  );
}

/** The first eight names, since a feed may offer thousands. */
function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and others`;
}

async function download(url: string, signal: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetchDirectly(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_DEADLINE_MS)]),
    });
  } catch (cause) {
    throw new CommandError(`source ${url}: no answer; is the build machine running?`, { cause });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new CommandError(
      `source ${url}: expected status 200, was ${response.status}; is the address right?`,
    );
  }
  return await readAll(response.body ?? new Blob([]).stream(), url);
}

async function readAll(stream: ReadableStream<Uint8Array>, from: string): Promise<Uint8Array> {
  try {
    return await readStream(stream, MAX_METAINFO_BYTES);
  } catch (cause) {
    if (!(cause instanceof TooLargeError)) throw cause;
    throw new CommandError(`source ${from}: ${cause.message}`, { cause });
  }
}
