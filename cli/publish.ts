/**
 * `rollcall publish`: adds a release to a feed, and serves the feed and seeds its releases where no other process does.
 *
 * @module
 */

import { join } from "node:path";
import { canShareBlocks, FileLock } from "../ffi/mod.ts";
import { sleep, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isVersionName } from "../host/mod.ts";
import {
  contentLockPath,
  createCopiedRelease,
  type CreatedRelease,
  createFeedServer,
  createRelease,
  type CreateReleaseOptions,
  type EngineName,
  ENGINES,
  type FeedServer,
  findChangedInPlace,
  Inbox,
  openContentFolder,
  Publisher,
  recordPublishedFiles,
  type TorrentEngine,
  TransferError,
} from "../torrent/mod.ts";
import { expectAskable } from "./fetch/askable_trackers.ts";
import { CommandError, UsageError } from "./shared/errors.ts";
import { formatCount } from "./shared/format.ts";
import { setUpLogging } from "./shared/logging.ts";
import type { ListenAddress, LogLevelName } from "./shared/options.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { listenForStop } from "./shared/stop_signal.ts";

/** What to publish. Without any of it, the command only serves the feed and seeds the releases in it. */
export interface PublishArguments {
  readonly service?: string | undefined;
  readonly version?: string | undefined;
  readonly path?: string | undefined;
}

/** Options of the command, as `rollcall publish --help` explains them. */
export interface PublishCommandOptions {
  readonly feed: string;
  readonly listen: ListenAddress;
  readonly announce: readonly string[];
  readonly host?: string | undefined;
  readonly site: string;
  readonly rack: string;
  readonly torrentPort: number;
  /** The engine that seeds, where this process serves the feed. */
  readonly engine: EngineName;
  /** Whether the .torrent gets the chunk map, by which hosts find parts of the content in releases that they have. */
  readonly chunkMap: boolean;
  readonly baseUrl?: string | undefined;
  readonly allowHost: readonly string[];
  /** Whether a copy of the content is seeded. */
  readonly copy: boolean;
  /** A release without data, which needs no path. */
  readonly empty: boolean;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

/** How long the process that serves the feed may take to accept a release. It looks into the inbox four times a second, so it is stuck after this time. */
const HAND_OVER_DEADLINE_MS = 30_000;

/** How often it is looked whether the lock of the copies is free. */
const LOCK_POLL_MS = 500;

/** The write bits of a file's mode (chmod(2)). */
const ANY_WRITES = 0o222;

/** How often the outcome of a release in the inbox is read. */
const HAND_OVER_POLL_MS = 50;

/** Publishes the release, and serves the feed until told to stop, unless another process serves it already. */
export async function runPublish(
  release: PublishArguments,
  options: PublishCommandOptions,
): Promise<void> {
  const { service, version, path } = release;
  if (service !== undefined && version === undefined) {
    throw new UsageError(
      `publish ${service}: expected a version after the service, such as: publish ${service} v2 PATH`,
    );
  }
  if (version !== undefined && (path === undefined) !== options.empty) {
    throw new UsageError(
      options.empty
        ? `publish ${service} ${version}: expected either a path or --empty, there were both`
        : `publish ${service} ${version}: expected a path, such as: publish ${service} ${version} PATH; for a release ` +
          "without data, which restarts the service with an empty {blob}: --empty",
    );
  }
  if (options.copy && path === undefined) {
    throw new UsageError("publish --copy: expected a path that is copied, there was none");
  }
  if (version !== undefined && !isVersionName(version)) {
    throw new UsageError(
      `publish ${service} ${version}: expected a version that can be a folder's name (letters, digits and ._+-, not ` +
        `"current", not ending in ".partial")`,
    );
  }
  const log = await setUpLogging("publish", options.logLevel);
  using stop = listenForStop();
  const inbox = new Inbox(options.feed);
  await inbox.open();
  const infoHash = service === undefined || version === undefined
    ? null
    : await submit(inbox, { service, version, path, options, log, signal: stop.signal });

  const lock = FileLock.tryAcquire(join(options.feed, ".publisher.lock"));
  if (lock === null) {
    if (infoHash === null) {
      throw new CommandError(`publish: another process serves the feed in ${options.feed} already`);
    }
    await handOver(inbox, infoHash, stop.signal);
    if (options.json) writeJson({ infoHash });
    else {writeLine(
        `Published ${service} ${version} (${infoHash}); the process that serves the feed has taken it over.`,
      );}
    return;
  }
  try {
    await serve(inbox, { infoHash, options, log, stop });
  } finally {
    lock.release();
  }
}

/** Hashes the content and puts the release into the feed's inbox; returns its info hash. */
async function submit(
  inbox: Inbox,
  what: {
    service: string;
    version: string;
    path: string | undefined;
    options: PublishCommandOptions;
    log: Log;
    signal: AbortSignal;
  },
): Promise<string> {
  const { service, version, path, options, log, signal } = what;
  const { announce, chunkMap } = options;
  if (announce.length === 0) {
    throw new UsageError(
      "publish: expected the tracker's announce URL, such as --announce http://tracker:8000/announce",
    );
  }
  expectAskable("publish --announce", announce);
  if (path !== undefined) await expectOthersIntact(options.feed, { service, version, path });
  const request = { service, version, announce, chunkMap, log, signal };
  if (path !== undefined && options.copy) {
    return await submitCopy(inbox, { ...request, path, options });
  }
  const created = await createRelease({ ...request, ...(path === undefined ? {} : { path }) });
  await handIn(inbox, created, { options, log });
  if (path !== undefined && await mayChange(created)) {
    log.warn(
      "{service} {version} is seeded from {root}, which can be written to: leave it as it is, or publish with --copy",
      { service, version, root: created.root },
    );
  }
  return created.infoHash;
}

/** As {@link submit}, of a copy that the feed's folder keeps. */
async function submitCopy(
  inbox: Inbox,
  what: CreateReleaseOptions & {
    readonly path: string;
    readonly options: PublishCommandOptions;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { service, version, options: { feed }, log, signal } = what;
  await openContentFolder(feed);
  const lock = await takeContentLock(feed, { log, signal });
  try {
    const created = await createCopiedRelease({
      ...what,
      feedDir: feed,
      isKnown: async (infoHash) => await inbox.rootOf(infoHash) !== null,
      isSharing,
    });
    await handIn(inbox, created, what);
    return created.infoHash;
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    throw new CommandError(
      `publish ${service} ${version} --copy: ${error.message}; or publish it without --copy`,
      { cause: error.cause },
    );
  } finally {
    lock.release();
  }
}

/** Only one copy is made at a time: the disk is what limits them. */
async function takeContentLock(
  feed: string,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<FileLock> {
  for (let attempt = 0;; attempt++) {
    const lock = FileLock.tryAcquire(contentLockPath(feed));
    if (lock !== null) return lock;
    if (attempt === 0) log.warn("waits for another publish --copy into {feed}", { feed });
    await sleep(systemClock, LOCK_POLL_MS, signal);
    if (signal.aborted) throw new CommandError("publish: stopped before anything was copied");
  }
}

/** Whether a copy in a folder shares its blocks with the original. */
function isSharing(fromPath: string, folder: string): boolean {
  return Deno.statSync(fromPath).dev === Deno.statSync(folder).dev && canShareBlocks(folder);
}

/** Whether anybody but the superuser may write to one of a release's files. */
async function mayChange({ root, files }: CreatedRelease): Promise<boolean> {
  for (const { path } of files) {
    if (((await Deno.stat(`${root}/${path}`)).mode ?? 0) & ANY_WRITES) return true;
  }
  return false;
}

/** Puts a release into the inbox, and notes what its files are like. */
async function handIn(
  inbox: Inbox,
  created: CreatedRelease,
  { options, log }: { readonly options: PublishCommandOptions; readonly log: Log },
): Promise<void> {
  const { service, version } = created;
  for (const what of created.notKept) {
    log.warn("{service} {version}: {what}", { service, version, what });
  }
  await inbox.submit(created);
  await recordPublishedFiles(options.feed, created);
  log.info("{service} {version}: {sizeBytes} bytes in {files} files, {pieces} pieces", {
    service,
    version,
    sizeBytes: created.sizeBytes,
    files: created.files.length,
    pieces: created.pieceCount,
  });
}

/** Refuses content of which another version is seeded and that was changed since: every host would ban its only seed. */
async function expectOthersIntact(
  feed: string,
  what: { service: string; version: string; path: string },
): Promise<void> {
  const changed = await findChangedInPlace(feed, what);
  if (changed === null) return;
  const { service, version } = what;
  throw new CommandError(
    `publish ${service} ${version}: ${changed.service} ${changed.version} is seeded from ${changed.root}, and ` +
      `${changed.file} has changed there since it was published; publish ${version} from another folder and put ` +
      `${changed.version} back, or, if no host needs it any more: rollcall unpublish ${changed.service} ` +
      `${changed.version} --feed ${feed}`,
  );
}

/** Waits until the process that serves the feed has accepted the release. */
async function handOver(inbox: Inbox, infoHash: string, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < HAND_OVER_DEADLINE_MS; waitedMs += HAND_OVER_POLL_MS) {
    if (await isTaken(inbox, infoHash)) return;
    await sleep(systemClock, HAND_OVER_POLL_MS, signal);
    signal.throwIfAborted();
  }
  throw new CommandError(
    `publish: the process that serves the feed has not taken ${infoHash} in; is it stuck?`,
  );
}

/** Whether the release was accepted. @throws {CommandError} when it was refused. */
async function isTaken(inbox: Inbox, infoHash: string): Promise<boolean> {
  const outcome = await inbox.outcome(infoHash);
  if (typeof outcome === "object") throw new CommandError(outcome.refused);
  return outcome === "taken";
}

/** Serves the feed and seeds its releases until told to stop. */
async function serve(
  inbox: Inbox,
  what: {
    infoHash: string | null;
    options: PublishCommandOptions;
    log: Log;
    stop: { readonly signal: AbortSignal };
  },
): Promise<void> {
  const { infoHash, options, log, stop } = what;
  const { host = Deno.hostname(), site, rack } = options;
  const engine: TorrentEngine = await ENGINES[options.engine]({
    locality: { host, site, rack },
    listenPort: options.torrentPort,
    log,
  });
  let feed: FeedServer | null = null;
  try {
    feed = await createFeedServer({
      directory: options.feed,
      hostname: options.listen.hostname,
      port: options.listen.port,
      ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
      hostNames: options.allowHost,
      origin: { site: options.site, rack: options.rack },
      peerPort: engine.port,
      log,
    });
    const publisher = new Publisher({
      feedDir: options.feed,
      feed,
      engine,
      log,
      clock: systemClock,
    });
    await publisher.takeIn();
    if (infoHash !== null) await isTaken(inbox, infoHash);
    if (options.json) writeJson({ feedUrl: feed.url, ...(infoHash === null ? {} : { infoHash }) });
    else {writeLine(
        `Feed at ${feed.url}, ${
          formatCount(feed.releases.length, "release")
        }; seeding. Ctrl-C to stop.`,
      );}
    await publisher.run(stop.signal);
  } finally {
    await feed?.close();
    await engine.close();
  }
}
