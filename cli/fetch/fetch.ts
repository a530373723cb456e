/**
 * `rollcall fetch`: fetches a release by hand, resumes where an earlier run ended, verifies every file, and seeds if asked.
 *
 * The room: `source.ts` tells what the user has named, `resolve_release.ts` turns it into a release (`metadata_exchange.ts`
 * asks the swarm), `state_dir.ts` decides where it is put together (`own_files.ts` that nothing is overwritten), `reuse.ts` takes what earlier releases have, the engine
 * fetches the rest (`room_wait.ts` waits where the disk is full), and `verify_and_seed.ts` checks and seeds it. `seed.ts` is `rollcall seed`. Meanwhile
 * `progress_monitor.ts` follows the transfer, and `progress_display.ts` shows it as `progress_view.ts` renders it.
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { totalBytes } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import {
  type Release,
  ReleaseError,
  type TorrentEngine,
  type Transfer,
  TransferError,
} from "../../torrent/mod.ts";
import { CommandError } from "../shared/errors.ts";
import { expectAskable } from "./askable_trackers.ts";
import { createProgressDisplay, type ProgressDisplay } from "./progress_display.ts";
import { type EngineChoice, openEngine } from "./engine.ts";
import { type FoundRelease, resolveReleaseOrStop } from "./resolve_release.ts";
import { exchangeMetainfo } from "./metadata_exchange.ts";
import { reuseEarlier } from "./reuse.ts";
import { untilRoom } from "./room_wait.ts";
import { seedWithProgress, verifyWithProgress } from "./verify_and_seed.ts";
import { expectOwnFiles } from "./own_files.ts";
import { parseSource } from "./source.ts";
import { type FetchTarget, StateDir } from "./state_dir.ts";
import { describeSeedGoal, type SeedGoal } from "./seed_goal.ts";
import { ProgressMonitor } from "./progress_monitor.ts";
import { setUpLogging } from "../shared/logging.ts";
import type { LogLevelName } from "../shared/options.ts";
import { writeJson } from "../shared/output.ts";
import { listenForStop, type StopSignal } from "../shared/stop_signal.ts";
import { formatBytes, formatRate, formatTimeSpan } from "../shared/format.ts";

/** The arguments of the command: what to fetch. */
export interface FetchArguments {
  readonly source: string;
  readonly service?: string | undefined;
  readonly version?: string | undefined;
}

/** Options of the command, as `rollcall fetch --help` explains them. */
export interface FetchCommandOptions extends EngineChoice {
  readonly to?: string | undefined;
  readonly tracker: readonly string[];
  readonly seedAfter: boolean;
  readonly until?: SeedGoal | undefined;
  readonly rehash: boolean;
  /** Folders of earlier releases to reuse; `undefined`: those that fetches have put into or beside the folder; `false`: none. */
  readonly reuse?: readonly string[] | false | undefined;
  /** Milliseconds without progress after which it gives up; 0: never. */
  readonly patience: number;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

/** Fetches the release, verifies it, and seeds it if asked. @throws {UsageError} or {CommandError} with what to do. */
export async function runFetch(what: FetchArguments, options: FetchCommandOptions): Promise<void> {
  expectAskable("fetch --tracker", options.tracker);
  const source = await parseSource(what.source);
  const log = await setUpLogging("fetch", options.logLevel);
  using stop = listenForStop();
  const display = createProgressDisplay({ json: options.json, now: systemClock.nowMs });
  // Opened before the source is read, so that all is ready when somebody pipes a .torrent in.
  const engine = await openEngine(options, log);
  try {
    const { service, version } = what;
    const release = await resolveReleaseOrStop({
      source,
      service,
      version,
      trackers: options.tracker,
      exchange: (magnet) =>
        exchangeMetainfo(magnet, {
          choice: options,
          trackers: options.tracker,
          patienceMs: options.patience,
          signal: stop.signal,
          say: display.say,
        }),
      signal: stop.signal,
    }, stop);
    await fetchRelease(release, { options, engine, display, stop, log });
  } catch (error) {
    throw explain(error, what.source);
  } finally {
    display.done();
    await engine.close();
  }
}

async function fetchRelease(
  release: FoundRelease,
  { options, engine, display, stop, log }: {
    readonly options: FetchCommandOptions;
    readonly engine: TorrentEngine;
    readonly display: ProgressDisplay;
    readonly stop: StopSignal;
    readonly log: Log;
  },
): Promise<void> {
  const folder = resolve(options.to ?? `${release.service}-${release.version}`);
  const shownFolder = relative(Deno.cwd(), folder) || ".";
  const begunMs = systemClock.nowMs();
  const shown = { release, root: shownFolder, display };
  using reuseMonitor = new ProgressMonitor(shown);
  const wait = { folder, patienceMs: options.patience, signal: stop.signal };
  using state = await untilRoom(() => StateDir.open(folder), { ...wait, monitor: reuseMonitor });
  const target = await untilRoom(
    () => beginAt(release, state),
    { ...wait, monitor: reuseMonitor },
  );
  const { reusedBytes } = await reuseEarlier(release, {
    folder,
    target,
    statePath: state.path,
    reuse: options.reuse,
    patienceMs: options.patience,
    monitor: reuseMonitor,
    signal: stop.signal,
    log,
  });
  const startedMs = systemClock.nowMs();
  const transfer = engine.fetch({
    metainfo: release.metainfo,
    root: target.root,
    journalPath: target.journalPath,
    resume: options.rehash ? "rehash" : "journal",
    checkFiles: true,
    pages: "drop",
    fallbackPeers: release.fallbackPeers,
  });
  const until = options.until === undefined ? undefined : describeSeedGoal(options.until);
  using monitor = new ProgressMonitor({ ...shown, transfer, seedGoal: until, reusedBytes });
  await fetchWithProgress(release, { transfer, monitor, options, stop });
  const completedMs = systemClock.nowMs();
  const completedAt = new Date(systemClock.wallTimeMs()).toISOString();
  await verifyWithProgress((how) => transfer.verify(how), { monitor, signal: stop.signal });
  const settle = () => untilRoom(() => state.settle(release, target), { ...wait, monitor });
  await (target.root === folder ? settle() : transfer.relocate(folder, settle));
  const times = { begunMs, startedMs, completedMs, completedAt };
  report(release, { folder, shownFolder, transfer, ...times, options, display, reusedBytes });
  if (!options.seedAfter && options.until === undefined) return;
  const seeded = await seedWithProgress(release, { transfer, monitor, until: options.until, stop });
  if (options.json) writeJson({ seeded });
  display.say(
    `Seeded for ${formatTimeSpan(seeded.seconds * 1_000)}: gave ${
      formatBytes(seeded.sentBytes)
    }, ratio ${seeded.ratio.toFixed(2)}.`,
  );
}

/** Decides where the release is put together, and claims the place. @throws {CommandError} when something is in the way. */
async function beginAt(release: FoundRelease, state: StateDir): Promise<FetchTarget> {
  const target = await state.targetFor(release);
  await expectOwnFiles(release, target.root, { isOwn: await state.owns(release, target) });
  await state.claim(release);
  return target;
}

/** Waits until every piece is verified. @throws {CommandError} when told to stop, or when nothing has arrived for too long. */
async function fetchWithProgress(
  release: Release,
  { transfer, monitor, options, stop }: {
    readonly transfer: Transfer;
    readonly monitor: ProgressMonitor;
    readonly options: FetchCommandOptions;
    readonly stop: StopSignal;
  },
): Promise<void> {
  const name = `${release.service} ${release.version}`;
  function look(): void {
    if (options.patience === 0 || monitor.idleMs < options.patience) return;
    throw new CommandError(
      `fetch ${name}: nothing has arrived for ${formatTimeSpan(options.patience)}${
        monitor.obstacle === undefined ? "" : `: ${monitor.obstacle}`
      }. Is somebody seeding it, and is the tracker right? What is there is kept; the same command goes on with it`,
    );
  }
  const stopped = stop.stopped.then(() => {
    const { verifiedBytes, totalBytes } = transfer.progress();
    throw new CommandError(
      `fetch ${name}: stopped with ${formatBytes(verifiedBytes)} of ${
        formatBytes(totalBytes)
      } verified; the same command goes on from there`,
    );
  });
  stopped.catch(() => {});
  await monitor.showUntil(Promise.race([transfer.done, stopped]), look);
}

function report(
  release: Release,
  what: {
    readonly folder: string;
    readonly shownFolder: string;
    readonly transfer: Transfer;
    readonly begunMs: number;
    /** When reusing was done and fetching began. */
    readonly startedMs: number;
    readonly completedMs: number;
    /** The same by the wall clock. */
    readonly completedAt: string;
    readonly options: FetchCommandOptions;
    readonly display: ProgressDisplay;
    readonly reusedBytes: number;
  },
): void {
  const { begunMs, reusedBytes } = what;
  const { folder, shownFolder, transfer, startedMs, completedMs, options, display } = what;
  const { received, sent } = transfer.progress();
  const tookMs = completedMs - startedMs;
  const fetchedBytes = totalBytes(received);
  // The engine counts reused bytes among those that it found on disk.
  const resumedBytes = Math.max(0, received.resumedBytes - reusedBytes);
  if (options.json) {
    const { resumedBytes: _found, ...receivedBytes } = received;
    const { service, version, infoHash, sizeBytes } = release;
    writeJson({
      service,
      version,
      infoHash,
      folder,
      sizeBytes,
      files: release.files.length,
      verified: true,
      seconds: (completedMs - begunMs) / 1_000,
      completedAt: what.completedAt,
      resumedBytes,
      reusedBytes,
      received: receivedBytes,
      sent,
    });
    return;
  }
  const how = fetchedBytes === 0
    ? reusedBytes === 0 ? "it was all there" : "nothing had to be fetched"
    : `${formatBytes(fetchedBytes)} in ${formatTimeSpan(tookMs)}, ${
      formatRate(fetchedBytes / Math.max(tookMs, 1) * 1_000)
    }`;
  const resumed = resumedBytes > 0 && fetchedBytes + reusedBytes > 0
    ? `, ${formatBytes(resumedBytes)} were there`
    : "";
  const reused = reusedBytes > 0
    ? `, ${formatBytes(reusedBytes)} reused from earlier releases here`
    : "";
  display.say(
    `Fetched ${release.service} ${release.version} into ${shownFolder} and verified every file: ${how}${reused}${resumed}.`,
  );
}

/** Turns errors of the engine and of releases into errors of the command line. */
function explain(error: unknown, source: string): unknown {
  if (error instanceof TransferError && error.code === "engine_failed") {
    return new CommandError(error.message, { cause: error.cause });
  }
  if (error instanceof ReleaseError && error.code === "aborted") {
    return new CommandError(
      "stopped while the files were verified; the same command does it again",
      {
        cause: error,
      },
    );
  }
  if (error instanceof ReleaseError && error.path !== undefined) {
    return new CommandError(`fetch ${source}: ${error.message} (--rehash)`, { cause: error });
  }
  return error;
}
