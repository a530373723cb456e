/**
 * Finds the release that a source names: reads files, feeds and .torrents, and chooses service and version where a feed
 * offers several.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import bencode from "bencode";
import {
  fetchTorrent,
  MAX_METAINFO_BYTES,
  type OfferedRelease,
  readFeed,
  readRelease,
  type Release,
  ReleaseError,
} from "../../torrent/mod.ts";
import { readBounded } from "../shared/bounded_read.ts";
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

/** How long a server may take to send a .torrent or a feed. */
const DOWNLOAD_DEADLINE_MS = 30_000;

/**
 * Finds the release.
 *
 * @throws {UsageError} for a file that is missing or no release, and for a choice that the feed does not offer;
 * {CommandError} or {FeedError} when nobody sends it.
 */
export async function resolveRelease(request: ReleaseRequest): Promise<Release> {
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
  return trackers.length === 0 ? release : withTrackers(release, trackers);
}

/** Finds the release, unless the user stops the command first: a server, or whoever writes to standard input, may be slow. */
export async function resolveReleaseOrStop(
  request: ReleaseRequest,
  stop: StopSignal,
): Promise<Release> {
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
  const decoded: Record<string, unknown> = bencode.decode(release.metainfo);
  const moved = readRelease(
    new Uint8Array(bencode.encode({
      ...decoded,
      announce: trackers[0],
      "announce-list": trackers.map((url) => [url]),
    })),
  );
  if (moved.infoHash !== release.infoHash) {
    throw new Error(
      `change trackers: expected info hash ${release.infoHash}, was ${moved.infoHash}`,
    );
  }
  return moved;
}

async function readSource(request: ReleaseRequest): Promise<Release> {
  const { source, signal } = request;
  switch (source.kind) {
    case "stdin":
      return readTorrent(await readAll(Deno.stdin.readable, "standard input"), "standard input");
    case "file":
      return readTorrent(await readTorrentFile(source.path), source.path);
    case "url":
      return await readUrl(source.url, request);
    case "magnet":
      if (source.torrentUrl !== undefined) {
        const { infoHash: expectInfoHash } = source;
        return readRelease(await fetchTorrent(source.torrentUrl, { expectInfoHash, signal }));
      }
      return readRelease(await request.exchange(source));
  }
}

function readTorrent(bytes: Uint8Array, from: string): Release {
  try {
    return readRelease(bytes);
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    throw new UsageError(`source ${from}: ${cause.message}`, { cause });
  }
}

async function readTorrentFile(path: string): Promise<Uint8Array> {
  try {
    const { isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new UsageError(`source ${path}: expected a .torrent, it is a folder`);
    const bytes = await readBounded(path, MAX_METAINFO_BYTES);
    if (bytes !== undefined) return bytes;
    throw new UsageError(
      `source ${path}: expected a .torrent of at most ${MAX_METAINFO_BYTES} bytes, there were more`,
    );
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
async function readUrl(url: string, request: ReleaseRequest): Promise<Release> {
  const bytes = await download(url, request.signal);
  const first = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().at(0);
  if (first === "d") return readTorrent(bytes, url);
  if (first !== "{") {
    throw new CommandError(`source ${url}: expected a .torrent or a feed of releases, was neither`);
  }
  const { signal } = request;
  const offered = await readFeed(url, { signal });
  const chosen = chooseRelease(offered, { url, ...request });
  return readRelease(
    await fetchTorrent(chosen.torrentUrl, { expectInfoHash: chosen.infoHash, signal }),
  );
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
    response = await fetch(url, {
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
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_METAINFO_BYTES) {
      throw new CommandError(
        `source ${from}: expected at most ${MAX_METAINFO_BYTES} bytes, there were more`,
      );
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
