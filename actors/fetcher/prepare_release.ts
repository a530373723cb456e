/**
 * Prepares a release on disk: fetches its .torrent, transfers the blob, verifies every file, and makes the release complete
 * by one rename. What an earlier attempt has done is not done again.
 *
 * @module
 */

import { infoHashOf, NO_BLOB, type Releases } from "../../host/mod.ts";
import { describeOtherContent, isOtherContent, type Release } from "../../rollout/mod.ts";
import type { Log } from "../../base/log.ts";
import { reasonOf } from "../../base/reason.ts";
import { formatBytes } from "../../base/size.ts";
import {
  isDiskFull,
  type PagePolicy,
  readRelease,
  ReleaseError,
  type TorrentEngine,
  type Transfer,
  TransferError,
  type TransferProgress,
} from "../../torrent/mod.ts";
import { type Clock, sleep } from "../runtime/mod.ts";
import { type FetcherDisk, thisDisk } from "./disk.ts";
import { missingDiskBytes } from "./disk_room.ts";

/** What {@link prepareRelease} works with. */
export interface PrepareTools {
  readonly store: Releases;
  readonly engine: TorrentEngine;
  /** Default: this machine's. */
  readonly disk?: FetcherDisk;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: "fetching" | "verifying", progress: number) => void;
  /** Whether the service runs from the release, whose files then stay as they are. Default: it does not. */
  readonly isRunning?: boolean;
  /** What becomes of the files in the page cache. Default "keep". */
  readonly pages?: PagePolicy;
  /** Called with the transfer that moves the bytes, as soon as there is one. */
  readonly onTransfer: (transfer: Transfer) => void;
  /** Called with the number of bytes that were found on this host's disk and need not be fetched. */
  readonly onReused: (reusedBytes: number) => void;
}

/** Why a release could not be prepared; trying again may help. */
export class PrepareError extends Error {
  /** Stable name of the error. */
  readonly code = "PREPARE_FAILED";
  override readonly name = "PrepareError";
}

/** Time between two reports of progress. */
const PROGRESS_INTERVAL_MS = 250;

/**
 * Brings a release onto this host, complete and verified (invariant I4), and leaves it seeding.
 *
 * @throws {PrepareError | TransferError | ReleaseError | FeedError | HostError} and the signal's reason.
 */
export async function prepareRelease(release: Release, tools: PrepareTools): Promise<void> {
  try {
    await prepare(release, tools);
  } catch (cause) {
    // Of the content itself the engine says so. Records and notes take room as well.
    if (!isDiskFull(cause) || cause instanceof TransferError) throw cause;
    throw new PrepareError(
      `prepare ${release.service} ${release.version}: no room for its records at ` +
        `${tools.store.layout.stateDir} (${
          reasonOf(cause)
        }); make room there, it goes on by itself`,
      { cause },
    );
  }
}

async function prepare(release: Release, tools: PrepareTools): Promise<void> {
  const { store, engine, disk = thisDisk, signal } = tools;
  const { version, infoHash } = release;
  await refuseOtherContent(release, store);
  if (infoHash === null) return await prepareWithoutBlob(release, tools);
  const paths = store.paths(version);
  const metainfo = await loadMetainfo({ ...release, infoHash }, tools);
  expectOfferedSize(release, metainfo);
  if ((await store.isIntact(version, { infoHash })).intact) {
    tools.onTransfer(engine.seed({ metainfo, root: paths.final }));
    return;
  }
  if (await hasChanged(release, tools)) await store.demote(version);
  const root = await store.preparePartial(version);
  // Where copies share their blocks, there may be room for this release only because most of it is on the disk already.
  if (!disk.isSharing(store)) await expectDiskSpace(release, { root, disk });
  await reuse(release, { metainfo, root }, tools);
  await expectDiskSpace(release, { root, disk });

  let transfer = await runTransfer({ metainfo, root, resume: "journal" }, release, tools);
  try {
    await verify(transfer, tools);
  } catch (error) {
    // The pieces were right when they were written, so the disk or a process of this host has changed them: hash all again.
    if (!(error instanceof ReleaseError) || !error.code.startsWith("file_")) throw error;
    await transfer.stop();
    transfer = await runTransfer({ metainfo, root, resume: "rehash" }, release, tools);
    await verify(transfer, tools);
  }
  signal.throwIfAborted();
  await store.writeReceipt(version, { infoHash, verifiedAt: tools.clock.wallTimeMs() });
  await transfer.relocate(paths.final, () => store.promote(version));
  await disk.forgetPresentBlocks(store);
}

/**
 * Releases never change: what is here under the version may run, may be what a host goes back to, and is seeded. So it is
 * neither taken for the wanted release nor replaced by it.
 *
 * @throws {PrepareError} when this host has other content under the version.
 */
async function refuseOtherContent(release: Release, store: Releases): Promise<void> {
  const { service, version } = release;
  const receipt = store.readReceipt(version);
  if (receipt === null) return;
  const known = { version, infoHash: infoHashOf(receipt) };
  if (!isOtherContent(known, release) || !await isComplete(version, store)) return;
  const refusal = describeOtherContent({ known, place: "on this host's disk", wanted: release });
  throw new PrepareError(`prepare ${service}: ${refusal}`);
}

async function isComplete(version: string, store: Releases): Promise<boolean> {
  return (await store.list()).some((one) => one.version === version && one.state === "complete");
}

/** A release without a blob is an empty folder: the service is restarted, nothing else. */
async function prepareWithoutBlob(release: Release, tools: PrepareTools): Promise<void> {
  const { store, clock } = tools;
  if ((await store.isIntact(release.version, { infoHash: NO_BLOB })).intact) return;
  // There is nothing to repair: a new folder takes the place of one in which somebody has changed something.
  const replace = await hasChanged(release, tools);
  await store.preparePartial(release.version);
  await store.writeReceipt(release.version, { infoHash: NO_BLOB, verifiedAt: clock.wallTimeMs() });
  await store.promote(release.version, { replace });
}

/**
 * Whether a release that is not intact is there as a complete one, so that it has to be made again.
 *
 * @throws {PrepareError} when the service runs from it.
 */
async function hasChanged(
  { service, version }: Release,
  { store, isRunning }: PrepareTools,
): Promise<boolean> {
  if (!await isComplete(version, store)) return false;
  if (!isRunning) return true;
  throw new PrepareError(
    `prepare ${service} ${version}: its files at ${
      store.paths(version).final
    } have changed since they were verified, and ` +
      `the service runs from them; publish another version, or stop the service to have them repaired`,
  );
}

/** The .torrent from this host's disk or from where the release says, accepted only with the right info hash. */
async function loadMetainfo(
  release: Release & { readonly infoHash: string },
  { store, disk = thisDisk, signal }: PrepareTools,
): Promise<Uint8Array> {
  const { service, version, infoHash, torrentUrl } = release;
  const path = store.paths(version).torrent;
  const saved = await disk.readTorrent(path);
  if (saved !== null && isRelease(saved, release)) return saved;
  if (torrentUrl === null) {
    throw new PrepareError(
      `prepare ${service} ${version}: the release names no URL for its .torrent; publish it again`,
    );
  }
  const metainfo = await disk.fetchTorrent(torrentUrl, { expectInfoHash: infoHash, signal });
  if (!isRelease(metainfo, release)) {
    throw new PrepareError(
      `prepare ${service} ${version}: the .torrent at ${torrentUrl} is for another release`,
    );
  }
  await disk.writeTorrent(path, metainfo);
  return metainfo;
}

/**
 * What the offer says of the size is what people and the check of the disk go by, and nothing but the .torrent proves it: an
 * offer of one byte must not fill the disk.
 */
function expectOfferedSize(release: Release, metainfo: Uint8Array): void {
  const { service, version, sizeBytes, torrentUrl } = release;
  // What has no URL was not offered: it is this host's own record of what is on its disk.
  if (torrentUrl === null) return;
  const actual = readRelease(metainfo).sizeBytes;
  if (actual === sizeBytes) return;
  throw new PrepareError(
    `prepare ${service} ${version}: expected ${sizeBytes} bytes as the release was offered, its .torrent has ${actual}; ` +
      "abort the rollout and roll out what the feed offers",
  );
}

function isRelease(metainfo: Uint8Array, release: Release): boolean {
  try {
    const { service, version, infoHash } = readRelease(metainfo, {
      expectInfoHash: release.infoHash ?? undefined,
    });
    return service === release.service && version === release.version &&
      infoHash === release.infoHash;
  } catch (error) {
    if (error instanceof ReleaseError) return false;
    throw error;
  }
}

async function reuse(
  release: Release,
  what: { readonly metainfo: Uint8Array; readonly root: string },
  { store, disk = thisDisk, log, signal, onPhase, onReused }: PrepareTools,
): Promise<void> {
  const { reusedBytes } = await disk.reuseStored(release, what, {
    store,
    log,
    signal,
    // A copied byte counts as much progress as a transferred one.
    onProgress: (doneBytes) => onPhase("fetching", Math.min(1, doneBytes / release.sizeBytes)),
  });
  if (reusedBytes > 0) onReused(reusedBytes);
}

async function expectDiskSpace(
  release: Release,
  { root, disk }: { readonly root: string; readonly disk: FetcherDisk },
): Promise<void> {
  const freeBytes = await disk.freeBytes(root);
  // An earlier attempt uses some of the space already.
  const presentBytes = await disk.usedBytes(root);
  const { service, version, sizeBytes } = release;
  const missingBytes = missingDiskBytes({ sizeBytes, presentBytes, freeBytes });
  if (missingBytes <= 0) return;
  const neededBytes = freeBytes + missingBytes;
  throw new PrepareError(
    `prepare ${service} ${version}: no room at ${root}: it takes ${formatBytes(neededBytes)} ` +
      `beside what is there, ${formatBytes(freeBytes)} are free (${formatBytes(missingBytes)} ` +
      "are missing); make room there, it goes on by itself",
  );
}

async function runTransfer(
  what: { metainfo: Uint8Array; root: string; resume: "journal" | "rehash" },
  release: Release,
  tools: PrepareTools,
): Promise<Transfer> {
  const { engine, store, clock, signal, pages = "keep", onPhase, onTransfer } = tools;
  const journalPath = store.paths(release.version).progress;
  const fallbackPeers = release.peers ?? [];
  const transfer = engine.fetch({
    ...what,
    journalPath,
    checkFiles: true,
    pages,
    fallbackPeers,
    signal,
  });
  onTransfer(transfer);
  // A rejection is dealt with where `done` is awaited below.
  const settled = transfer.done.then(() => true, () => true);
  const looking = new AbortController();
  const ending = AbortSignal.any([signal, looking.signal]);
  try {
    while (
      !await Promise.race([
        settled,
        sleep(clock, PROGRESS_INTERVAL_MS, { signal: ending }).then(() => false),
      ])
    ) {
      onPhase("fetching", fraction(transfer.progress()));
    }
  } finally {
    looking.abort();
  }
  await transfer.done;
  return transfer;
}

async function verify(transfer: Transfer, { signal, onPhase }: PrepareTools): Promise<void> {
  await transfer.verify({
    signal,
    onProgress: (doneBytes, totalBytes) =>
      onPhase("verifying", totalBytes === 0 ? 1 : doneBytes / totalBytes),
  });
}

function fraction({ verifiedBytes, totalBytes }: TransferProgress): number {
  return totalBytes === 0 ? 1 : Math.min(1, verifiedBytes / totalBytes);
}
