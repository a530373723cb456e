/**
 * Before a release is fetched, copies what this host has of it in other releases of the service, so that only the rest
 * crosses the network. This is done once per release; after that, the resume journal says what is there.
 *
 * @module
 */

import { readFile } from "../../base/bounded_read.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { allocateFile, canShareBlocks } from "../../ffi/mod.ts";
import { readJsonFile, type Releases, writeJsonFile } from "../../host/mod.ts";
import type { Release } from "../../rollout/mod.ts";
import type { Log } from "../../base/log.ts";
import {
  hasJournal,
  MAX_METAINFO_BYTES,
  presentBlocksPath,
  type Reuse,
  type ReuseFrom,
  reuseRelease,
} from "../../torrent/mod.ts";

/** Most releases to copy from. The newest are the most alike; each further one costs memory for the map of its chunks. */
const SOURCES_MAX = 3;

/** What {@link reuseStored} works with. */
export interface ReuseTools {
  readonly store: Releases;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Whether copies on the store's file system share their blocks, and so take no space. */
export function isSharing(store: Releases): boolean {
  try {
    return canShareBlocks(store.layout.stateDir);
  } catch {
    // The disk itself fails: the next write reports it.
    return false;
  }
}

/**
 * Copies what can be reused into the partial release.
 *
 * @param root the partial release's folder, which is there.
 * @throws {TransferError} "disk_full", "disk_failed", "stopped".
 */
export async function reuseStored(
  release: Release,
  what: { readonly metainfo: Uint8Array; readonly root: string },
  { store, log, signal, onProgress }: ReuseTools,
): Promise<Reuse> {
  const journalPath = store.paths(release.version).progress;
  await forgetPresentBlocks(store, { but: presentBlocksPath(journalPath) });
  if (hasJournal(journalPath)) return NOTHING;
  const marker = store.layout.reuseMarker;
  const underWay = readJsonFile(marker);
  const isOurs = underWay.state === "present" && underWay.value === release.version;
  // Files without a journal that are no interrupted reuse: a release that was complete once. Its pieces will be hashed.
  if (!isOurs && (await readdir(what.root)).length > 0) return NOTHING;
  const sources = await findSources(store, release.version);
  if (sources.length === 0) return NOTHING;
  writeJsonFile(marker, release.version);
  const reuse = await reuseRelease({
    ...what,
    journalPath,
    sources,
    preallocate: allocateFile,
    isSharing: isSharing(store),
    signal,
    log,
    onProgress,
  });
  // Only now: after a crash before this line the reuse begins again, and after it the journal says what is there.
  await Deno.remove(marker).catch(() => {});
  return reuse;
}

/** Removes the notes on present blocks of releases that are complete by now, or not wanted any more. */
export async function forgetPresentBlocks(
  { layout }: Releases,
  options: { readonly but?: string } = {},
): Promise<void> {
  const suffix = presentBlocksPath("");
  for (const name of await readdir(layout.stateDir)) {
    const path = join(layout.stateDir, name);
    if (name.endsWith(suffix) && path !== options.but) await Deno.remove(path).catch(() => {});
  }
}

const NOTHING: Reuse = { reusedBytes: 0, copiedBytes: 0 };

/** Complete, unchanged releases with their .torrents: the one that runs first, then the newest. */
async function findSources(store: Releases, wanted: string): Promise<ReuseFrom[]> {
  const stored = (await store.list())
    .filter(({ version, state }) => state === "complete" && version !== wanted)
    .map((one) => ({ ...one, verifiedMs: store.readReceipt(one.version)?.verifiedAt ?? 0 }))
    .sort((a, b) => Number(b.current) - Number(a.current) || b.verifiedMs - a.verifiedMs);
  const sources: ReuseFrom[] = [];
  for (const { version } of stored) {
    if (sources.length === SOURCES_MAX) break;
    if (!(await store.isIntact(version)).intact) continue;
    const { torrent, final } = store.paths(version);
    const metainfo = await readTorrent(torrent);
    if (metainfo !== null) sources.push({ metainfo, root: final });
  }
  return sources;
}

/** Null if there is none that can be read: a release without a blob has none. */
async function readTorrent(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path, MAX_METAINFO_BYTES);
  } catch {
    return null;
  }
}
