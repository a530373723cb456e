/**
 * Before a release is fetched: what this host has of it in other releases of the service is put together on disk, so that
 * only the rest crosses the network. Once per release; whatever happens later goes by the resume journal.
 *
 * @module
 */

import { readFile } from "../../base/bounded_read.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { allocateFile, canShareBlocks } from "../../ffi/mod.ts";
import { readJsonFile, type ReleaseStore, writeJsonFile } from "../../host/mod.ts";
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

/** The newest releases are the most alike; each one more costs memory for the map of its chunks. */
const SOURCES_MAX = 3;

/** What the procedure works with. */
export interface ReuseTools {
  readonly store: ReleaseStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Whether copies on the store's disk share their blocks, and so take no room. */
export function isSharing(store: ReleaseStore): boolean {
  try {
    return canShareBlocks(store.layout.stateDir);
  } catch {
    // The disk itself is in trouble: whoever writes next says so.
    return false;
  }
}

/**
 * Puts together what can be.
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
  const marker = join(store.layout.stateDir, "reuse.json");
  const underWay = readJsonFile(marker);
  const isOurs = underWay.state === "present" && underWay.value === release.version;
  // Files without a journal that are not a half-done reuse: from a release that was complete once. Hashing tells.
  if (!isOurs && (await readdir(what.root)).length > 0) return NOTHING;
  const sources = await findSources(store, release.version);
  if (sources.length === 0) return NOTHING;
  writeJsonFile(marker, release.version);
  const reuse = await reuseRelease({
    ...what,
    journalPath,
    sources,
    preallocate: allocateFile,
    signal,
    log,
    onProgress,
  });
  // Only now: after a crash before this line it is begun again, and after one behind it the journal stands.
  await Deno.remove(marker).catch(() => {});
  return reuse;
}

/** What was noted for a release that is complete by now, or that nobody wants any more. */
export async function forgetPresentBlocks(
  { layout }: ReleaseStore,
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
async function findSources(store: ReleaseStore, wanted: string): Promise<ReuseFrom[]> {
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

/** Null where there is none that could be read: a pure restart has none. */
async function readTorrent(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path, MAX_METAINFO_BYTES);
  } catch {
    return null;
  }
}
