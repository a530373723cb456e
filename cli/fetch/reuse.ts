/**
 * What `rollcall fetch` takes from earlier releases on this machine in place of the network: which of them, and putting
 * the new one together. They are only read.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { allocateFile } from "../../ffi/mod.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import {
  createRelease,
  type Release,
  ReleaseError,
  type Reuse,
  type ReuseFrom,
  reuseRelease,
  TransferError,
} from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { type FetchPlace, hasFiles, readKeptRelease, readTorrent } from "./state_dir.ts";
import type { ProgressMonitor } from "./progress_monitor.ts";
import type { Log } from "../shared/logging.ts";

/** As many as the agent looks at; each costs the memory of its map. */
const SOURCES_MAX = 3;
/** Folders beside the new one that are looked at; more are a place for something else. */
const NEIGHBOURS_MAX = 1_000;
/** How often a full disk is tried again. */
const ROOM_POLL_MS = 2_000;

const NOTHING: Reuse = { reusedBytes: 0, copiedBytes: 0 };

/** What to put together, and how. */
export interface ReuseRequest {
  /** Where `--to` leads. */
  readonly folder: string;
  readonly place: FetchPlace;
  /** Folder of the state; see `state_dir.ts`. */
  readonly statePath: string;
  /** Folders of earlier releases; `undefined`: those that are found; `false`: none. */
  readonly reuse: readonly string[] | false | undefined;
  /** Milliseconds to wait for room; 0: for ever. */
  readonly patienceMs: number;
  readonly watch: ProgressMonitor;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Puts together what can be, unless an earlier run has. Content that nobody knows is left to the engine, which hashes it.
 *
 * @throws {UsageError} for a folder to reuse that is none; {CommandError} when there is no room in time.
 */
export async function reuseEarlier(release: Release, request: ReuseRequest): Promise<Reuse> {
  const { place, statePath, watch } = request;
  // Names the release while that is under way: what lies there then is half done, and nobody's but ours.
  const marker = join(statePath, "reuse");
  const isHalfDone = await readText(marker) === release.infoHash;
  // First, so that a wrong option is told in any case.
  const sources = request.reuse === false ? [] : await findSources(release, request);
  const canBegin = isHalfDone || !await hasFiles(place.root);
  if (sources.length === 0 || !canBegin || release.sizeBytes === 0) {
    // From here on it is the engine's.
    await Deno.remove(marker).catch(ignoreNotFound);
    return NOTHING;
  }
  watch.enter("reusing");
  await Deno.writeTextFile(marker, release.infoHash);
  const reuse = await watch.showUntil(putTogether(release, sources, request));
  // Only now: a crash before this line begins it anew, and none of it was fetched.
  await Deno.remove(marker);
  return reuse;
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function putTogether(
  release: Release,
  sources: readonly ReuseFrom[],
  { place, patienceMs, watch, signal, log }: ReuseRequest,
): Promise<Reuse> {
  const startedMs = systemClock.nowMs();
  for (;;) {
    try {
      const reuse = await reuseRelease({
        metainfo: release.metainfo,
        root: place.root,
        journalPath: place.journalPath,
        sources,
        preallocate: allocateFile,
        signal,
        log,
        onProgress: (doneBytes) => watch.checked(doneBytes),
      });
      watch.waitFor(undefined);
      return reuse;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      if (error.code === "stopped") throw stoppedMeanwhile(release, error);
      if (error.code !== "disk_full") throw error;
      if (patienceMs > 0 && systemClock.nowMs() - startedMs >= patienceMs) {
        throw new CommandError(error.message, { cause: error });
      }
      watch.waitFor(`${error.message}; it goes on by itself when there is room`);
      await sleep(systemClock, ROOM_POLL_MS, signal);
      if (signal.aborted) throw stoppedMeanwhile(release, error);
    }
  }
}

function stoppedMeanwhile({ service, version }: Release, cause: unknown): CommandError {
  return new CommandError(
    `fetch ${service} ${version}: stopped while it was put together from earlier releases; the same command does it again`,
    { cause },
  );
}

/** The folder's own release first, then those that were asked for or lie beside it. */
async function findSources(release: Release, request: ReuseRequest): Promise<ReuseFrom[]> {
  const { folder, place: { former }, reuse } = request;
  const own = former === undefined ? [] : [{ metainfo: former.metainfo, root: folder }];
  const others = reuse === undefined || reuse === false
    ? await findNeighbours(release, folder)
    : await readFolders(reuse, release, request);
  return [...own, ...others].slice(0, SOURCES_MAX);
}

/** Releases of the same service that were fetched into folders beside this one, the newest first. */
async function findNeighbours(release: Release, folder: string): Promise<ReuseFrom[]> {
  const found: { source: ReuseFrom; fetchedMs: number }[] = [];
  for (const name of await namesIn(dirname(folder))) {
    const root = join(dirname(folder), /^\.(.+)\.rollcall$/.exec(name)?.[1] ?? "");
    if (root === folder || root === dirname(folder)) continue;
    const kept = await readKeptRelease(root);
    if (kept?.service !== release.service) continue;
    const info = await Deno.stat(join(dirname(folder), name, "release.torrent")).catch(() => null);
    found.push({ source: { metainfo: kept.metainfo, root }, fetchedMs: Number(info?.mtime ?? 0) });
  }
  return found.sort((a, b) => b.fetchedMs - a.fetchedMs).map(({ source }) => source);
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (names.push(name) >= NEIGHBOURS_MAX) break;
    }
  } catch {
    // It may be written to and not be listed: then nobody is found there.
  }
  return names;
}

async function readFolders(
  paths: readonly string[],
  release: Release,
  { folder, place, log, signal }: ReuseRequest,
): Promise<ReuseFrom[]> {
  if (paths.length > SOURCES_MAX) {
    throw new UsageError(
      `fetch --reuse: expected at most ${SOURCES_MAX} folders, were ${paths.length}`,
    );
  }
  const sources: ReuseFrom[] = [];
  for (const path of paths) {
    const root = resolve(path);
    if (root === folder) {
      // What a fetch has put there is taken anyway.
      if (place.former !== undefined) continue;
      throw new UsageError(
        `fetch --reuse ${path}: expected another folder than the one that is fetched into; name one with --to`,
      );
    }
    const known = await readKeptRelease(root) ??
      // As an agent keeps it.
      await readTorrent(join(dirname(root), ".rollcall", `${basename(root)}.torrent`));
    sources.push(
      known === undefined
        ? await readUnknown(path, release, { log, signal })
        : { metainfo: known.metainfo, root },
    );
  }
  return sources;
}

/** Content without a .torrent is read once, to know what is in it. */
async function readUnknown(
  path: string,
  { service }: Release,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<ReuseFrom> {
  try {
    return await createRelease({ service, version: "local", path, announce: [], log, signal });
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    if (cause.code === "aborted") {
      throw new CommandError(`stopped while ${path} was read`, { cause });
    }
    throw new UsageError(
      `fetch --reuse ${path}: expected the folder or file of an earlier release: ${
        cause.message.replace(/^create release: /, "")
      }`,
      { cause },
    );
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}
