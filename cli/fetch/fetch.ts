/**
 * `rollcall fetch`: a release onto this machine by hand, from whatever names it, resumed where an earlier run ended,
 * verified, and seeded if asked.
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import {
  type Release,
  ReleaseError,
  type TorrentEngine,
  type Transfer,
  TransferError,
} from "../../torrent/mod.ts";
import { CommandError } from "../shared/errors.ts";
import { createProgressDisplay, type ProgressDisplay } from "./progress_display.ts";
import { type EngineChoice, openEngine } from "./engine.ts";
import { findReleaseOrStop, type FoundRelease } from "./resolve_release.ts";
import { exchangeMetainfo } from "./metadata_exchange.ts";
import { reuseEarlier } from "./reuse.ts";
import { seedShown, verifyShown } from "./verify_and_seed.ts";
import { parseSource } from "./source.ts";
import { StateDir } from "./state_dir.ts";
import { describeSeedGoal, type SeedGoal } from "./seed_goal.ts";
import { formatRate, sum } from "./progress_view.ts";
import { ProgressMonitor } from "./progress_monitor.ts";
import { type Log, setUpLogging } from "../shared/logging.ts";
import { writeJson } from "../shared/output.ts";
import { listenForStop, type StopSignal } from "../shared/stop_signal.ts";
import { formatAge, formatBytes } from "../shared/format.ts";

/** What to fetch. */
export interface FetchArguments {
  readonly source: string;
  readonly service?: string | undefined;
  readonly version?: string | undefined;
}

/** Options of the command. */
export interface FetchCommandOptions extends EngineChoice {
  readonly to?: string | undefined;
  readonly tracker: readonly string[];
  readonly seedAfter: boolean;
  readonly until?: SeedGoal | undefined;
  readonly rehash: boolean;
  /** Folders of earlier releases; `undefined`: those that fetches have left in or beside the folder; `false`: none. */
  readonly reuse?: readonly string[] | false | undefined;
  /** Milliseconds without a byte until it gives up; 0: never. */
  readonly patience: number;
  readonly json: boolean;
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** Fetches, verifies, and seeds if asked. */
export async function runFetch(what: FetchArguments, options: FetchCommandOptions): Promise<void> {
  const source = await parseSource(what.source);
  const log = await setUpLogging("fetch", options.logLevel);
  using stop = listenForStop();
  const display = createProgressDisplay({ json: options.json, now: systemClock.nowMs });
  // Before the source is read: whoever pipes a .torrent in then finds everything ready to go.
  const engine = await openEngine(options, log);
  try {
    const { service, version } = what;
    const release = await findReleaseOrStop({
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
  using state = await StateDir.open(folder);
  const place = await state.place(release);
  const begunMs = systemClock.nowMs();
  const shown = { release, root: shownFolder, display };
  using reuseWatch = new ProgressMonitor(shown);
  const { reusedBytes } = await reuseEarlier(release, {
    folder,
    place,
    statePath: state.path,
    reuse: options.reuse,
    patienceMs: options.patience,
    watch: reuseWatch,
    signal: stop.signal,
    log,
  });
  const startedMs = systemClock.nowMs();
  const transfer = engine.fetch({
    metainfo: release.metainfo,
    root: place.root,
    journalPath: place.journalPath,
    resume: options.rehash ? "rehash" : "journal",
    checkFiles: true,
    fallbackPeers: release.fallbackPeers,
  });
  const until = options.until === undefined ? undefined : describeSeedGoal(options.until);
  using watch = new ProgressMonitor({ ...shown, transfer, until, reusedBytes });
  await fetchShown(release, { transfer, watch, options, stop });
  const completedMs = systemClock.nowMs();
  await verifyShown((how) => transfer.verify(how), { watch, signal: stop.signal });
  await state.settle(release, place);
  if (place.root !== folder) await transfer.relocate(folder);
  const times = { begunMs, startedMs, completedMs };
  report(release, { folder, shownFolder, transfer, ...times, options, display, reusedBytes });
  if (!options.seedAfter && options.until === undefined) return;
  const seeded = await seedShown(release, { transfer, watch, until: options.until, stop });
  if (options.json) writeJson({ seeded });
  display.say(
    `Seeded for ${formatAge(seeded.seconds * 1_000)}: gave ${
      formatBytes(seeded.sentBytes)
    }, ratio ${seeded.ratio.toFixed(2)}.`,
  );
}

/** Until every piece is there; gives up when told to, or when nothing has arrived for too long. */
async function fetchShown(
  release: Release,
  { transfer, watch, options, stop }: {
    readonly transfer: Transfer;
    readonly watch: ProgressMonitor;
    readonly options: FetchCommandOptions;
    readonly stop: StopSignal;
  },
): Promise<void> {
  const name = `${release.service} ${release.version}`;
  function look(): void {
    if (options.patience === 0 || watch.idleMs < options.patience) return;
    throw new CommandError(
      `fetch ${name}: nothing has arrived for ${formatAge(options.patience)}${
        watch.trouble === undefined ? "" : `: ${watch.trouble}`
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
  await watch.showUntil(Promise.race([transfer.done, stopped]), look);
}

function report(
  release: Release,
  what: {
    readonly folder: string;
    readonly shownFolder: string;
    readonly transfer: Transfer;
    readonly begunMs: number;
    /** When there was nothing left to reuse. */
    readonly startedMs: number;
    readonly completedMs: number;
    readonly options: FetchCommandOptions;
    readonly display: ProgressDisplay;
    readonly reusedBytes: number;
  },
): void {
  const { begunMs, reusedBytes } = what;
  const { folder, shownFolder, transfer, startedMs, completedMs, options, display } = what;
  const { received, sent } = transfer.progress();
  const tookMs = completedMs - startedMs;
  const fetchedBytes = sum(received);
  // To the engine what was reused is what it found.
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
      completedAt: new Date(completedMs).toISOString(),
      resumedBytes,
      reusedBytes,
      received: receivedBytes,
      sent,
    });
    return;
  }
  const how = fetchedBytes === 0
    ? reusedBytes === 0 ? "it was all there" : "nothing had to be fetched"
    : `${formatBytes(fetchedBytes)} in ${formatAge(tookMs)}, ${
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

/** Errors of the parts, in the words of the command line. */
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
