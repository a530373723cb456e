/**
 * Before `rollcall fetch` asks the network, it puts the new release together from earlier releases on this machine, as far
 * as they have the same content. This file finds those releases and does so; they are only read.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { allocateFile, canShareBlocks } from "../../ffi/mod.ts";
import type { Log } from "../../base/log.ts";
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
import { type FetchTarget, hasFiles, readKeptRelease, readTorrent } from "./state_dir.ts";
import type { ProgressMonitor } from "./progress_monitor.ts";
import { retryWhileFull } from "./room_wait.ts";

/** How many earlier releases are used, as many as by the agent; each costs the memory of its chunk map. */
const SOURCES_MAX = 3;
/** How many entries beside the new folder are looked at; a folder with more is used for other things. */
const NEIGHBOURS_MAX = 1_000;
/** The file in the state folder that names the release that is being put together. */
const MARKER = "reuse";

const NOTHING: Reuse = { reusedBytes: 0, copiedBytes: 0 };

/** What to put together, where, and from which releases. */
export interface ReuseRequest {
  /** The folder that `--to` names. */
  readonly folder: string;
  readonly target: FetchTarget;
  /** Folder of the state; see `state_dir.ts`. */
  readonly statePath: string;
  /** Folders of earlier releases; `undefined`: those that are found beside the new one; `false`: none. */
  readonly reuse: readonly string[] | false | undefined;
  /** Milliseconds to wait for room on the disk; 0: for ever. */
  readonly patienceMs: number;
  readonly monitor: ProgressMonitor;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Puts together what earlier releases have, unless an earlier run has done so. Content of unknown origin in the folder is
 * left to the engine, which hashes it.
 *
 * @throws {UsageError} for a folder that holds no release; {CommandError} when there is no room in time.
 */
export async function reuseEarlier(release: Release, request: ReuseRequest): Promise<Reuse> {
  const { target, statePath, monitor } = request;
  const marker = join(statePath, MARKER);
  const isHalfDone = await readText(marker) === release.infoHash;
  // Sources are found first, so that a wrong option is reported in any case.
  const sources = request.reuse === false ? [] : await findSources(release, request);
  const canBegin = isHalfDone || !await hasFiles(target.root);
  if (sources.length === 0 || !canBegin || release.sizeBytes === 0) {
    // From here on the engine alone writes to the folder.
    await Deno.remove(marker).catch(ignoreNotFound);
    return NOTHING;
  }
  monitor.enter("reusing");
  const reuse = await monitor.showUntil(putTogether(release, sources, request));
  // Removed only now: after a crash before this line reusing begins anew, and nothing has been fetched yet.
  await Deno.remove(marker);
  return reuse;
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function putTogether(
  release: Release,
  sources: readonly ReuseFrom[],
  { folder, target, statePath, patienceMs, monitor, signal, log }: ReuseRequest,
): Promise<Reuse> {
  const isSharing = await areShared(sources, statePath);
  async function put(): Promise<Reuse> {
    // While reusing is under way this file names the release: what lies in the folder then is unfinished, and made by us.
    await Deno.writeTextFile(join(statePath, MARKER), release.infoHash);
    return await reuseRelease({
      metainfo: release.metainfo,
      root: target.root,
      journalPath: target.journalPath,
      sources,
      preallocate: allocateFile,
      isSharing,
      signal,
      log,
      onProgress: (doneBytes) => monitor.checked(doneBytes),
    });
  }
  try {
    return await retryWhileFull(put, { folder, patienceMs, monitor, signal });
  } catch (error) {
    if (!(error instanceof TransferError) || error.code !== "stopped") throw error;
    throw stoppedMeanwhile(release, error);
  }
}

/** Whether copies of the sources share their blocks with them. */
async function areShared(sources: readonly ReuseFrom[], statePath: string): Promise<boolean> {
  try {
    const devices = [statePath, ...sources.map(({ root }) => root)].map((path) => Deno.stat(path));
    const known = new Set((await Promise.all(devices)).map(({ dev }) => dev));
    return known.size === 1 && canShareBlocks(statePath);
  } catch {
    // A source that is gone is left out later, and what cannot be written is reported then.
    return false;
  }
}

function stoppedMeanwhile({ service, version }: Release, cause: unknown): CommandError {
  return new CommandError(
    `fetch ${service} ${version}: stopped while it was put together from earlier releases; the same command does it again`,
    { cause },
  );
}

/** The release in the folder itself first, then those that the user named or that lie beside it. */
async function findSources(release: Release, request: ReuseRequest): Promise<ReuseFrom[]> {
  const { folder, target: { previous }, reuse } = request;
  const own = previous === undefined ? [] : [{ metainfo: previous.metainfo, root: folder }];
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
    // A folder that may be written to but not listed has no neighbours to be found.
  }
  return names;
}

async function readFolders(
  paths: readonly string[],
  release: Release,
  { folder, target, log, signal }: ReuseRequest,
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
      // The release that a fetch has put into the folder itself is used anyway.
      if (target.previous !== undefined) continue;
      throw new UsageError(
        `fetch --reuse ${path}: expected another folder than the one that is fetched into; name one with --to`,
      );
    }
    const known = await readKeptRelease(root) ??
      // Where an agent keeps the .torrent of its release.
      await readTorrent(join(dirname(root), ".rollcall", `${basename(root)}.torrent`));
    sources.push(
      known === undefined
        ? await readUnknown(path, release, { log, signal })
        : { metainfo: known.metainfo, root },
    );
  }
  return sources;
}

/** Hashes content that has no .torrent, to know what is in it. */
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
