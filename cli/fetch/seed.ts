/**
 * `rollcall seed`: seeds by hand a release whose files are on this machine already.
 *
 * @module
 */

import { basename, dirname, relative, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { type Release, ReleaseError, verifyRelease } from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { expectAskable } from "./askable_trackers.ts";
import { createProgressDisplay } from "./progress_display.ts";
import { type EngineChoice, openEngine } from "./engine.ts";
import { exchangeMetainfo } from "./metadata_exchange.ts";
import { resolveReleaseOrStop } from "./resolve_release.ts";
import { seedWithProgress, verifyWithProgress } from "./verify_and_seed.ts";
import { parseSource } from "./source.ts";
import { describeSeedGoal, type SeedGoal } from "./seed_goal.ts";
import { ProgressMonitor } from "./progress_monitor.ts";
import { setUpLogging } from "../shared/logging.ts";
import type { LogLevelName } from "../shared/options.ts";
import { writeJson } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { formatBytes, formatTimeSpan } from "../shared/format.ts";

/** The arguments of the command: what to seed, and where its files are. */
export interface SeedArguments {
  readonly source: string;
  readonly path: string;
  readonly service?: string | undefined;
  readonly version?: string | undefined;
}

/** Options of the command, as `rollcall seed --help` explains them. */
export interface SeedCommandOptions extends EngineChoice {
  readonly tracker: readonly string[];
  readonly until?: SeedGoal | undefined;
  readonly verify: boolean;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

/** How long peers are asked for the .torrent. Other seeds usually exist already and answer soon, or none ever will. */
const EXCHANGE_PATIENCE_MS = 60_000;

/** Verifies the content, then seeds it until the goal is reached or the user stops it. @throws {UsageError} or {CommandError}. */
export async function runSeed(what: SeedArguments, options: SeedCommandOptions): Promise<void> {
  expectAskable("seed --tracker", options.tracker);
  const source = await parseSource(what.source);
  const log = await setUpLogging("seed", options.logLevel);
  using stop = listenForStop();
  const display = createProgressDisplay({ json: options.json, now: systemClock.nowMs });
  const engine = await openEngine(options, log);
  try {
    const release = await resolveReleaseOrStop({
      source,
      service: what.service,
      version: what.version,
      trackers: options.tracker,
      exchange: (magnet) =>
        exchangeMetainfo(magnet, {
          choice: options,
          trackers: options.tracker,
          patienceMs: EXCHANGE_PATIENCE_MS,
          signal: stop.signal,
          say: display.say,
        }),
      signal: stop.signal,
    }, stop);
    const root = await rootOf(release, what.path);
    const { metainfo } = release;
    const until = options.until === undefined ? undefined : describeSeedGoal(options.until);
    // Nothing is seeded before the files are verified: peers would fetch pieces that they have to discard.
    if (options.verify) {
      using monitor = new ProgressMonitor({ release, root: what.path, display, seedGoal: until });
      await verifyWithProgress(
        (how) => verifyRelease({ ...how, metainfo: release.metainfo, root }),
        {
          monitor,
          signal: stop.signal,
        },
      );
    }
    const transfer = engine.seed({ metainfo, root });
    const shownRoot = relative(Deno.cwd(), resolve(what.path)) || ".";
    using monitor = new ProgressMonitor({
      release,
      transfer,
      root: shownRoot,
      display,
      seedGoal: until,
    });
    monitor.enter("seeding");
    await monitor.showUntil(transfer.done);
    const { service, version, infoHash, sizeBytes } = release;
    if (options.json) {
      writeJson({ service, version, infoHash, folder: root, sizeBytes, port: engine.port });
    }
    const seeded = await seedWithProgress(release, {
      transfer,
      monitor,
      until: options.until,
      stop,
    });
    if (options.json) writeJson({ seeded });
    display.say(
      `Seeded ${service} ${version} for ${formatTimeSpan(seeded.seconds * 1_000)}: gave ${
        formatBytes(seeded.sentBytes)
      }, ratio ${seeded.ratio.toFixed(2)}.`,
    );
  } catch (error) {
    throw explain(error, what.path);
  } finally {
    display.done();
    await engine.close();
  }
}

/** The folder that the engine reads from: the given folder, or the folder of the only file of the release. */
async function rootOf(release: Release, path: string): Promise<string> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound ? "there is nothing" : "cannot be read";
    throw new UsageError(`seed ${path}: expected the content of the release, ${why}`, { cause });
  }
  if (info.isDirectory) return resolve(path);
  const [only, another] = release.files;
  if (only === undefined || another !== undefined || only.path !== basename(path)) {
    const expected = another === undefined && only !== undefined
      ? `the file ${only.path}`
      : `the folder with its ${release.files.length} files`;
    throw new UsageError(
      `seed ${path}: expected ${expected} of ${release.service} ${release.version}, was a file`,
    );
  }
  return dirname(resolve(path));
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof ReleaseError && error.code === "aborted") {
    return new CommandError("stopped before anything was seeded", { cause: error });
  }
  if (error instanceof ReleaseError && error.path !== undefined) {
    return new CommandError(
      `seed ${path}: it is not what was published: ${error.path}: ${
        error.message.replace(/^verify release: [^:]*: |; fetch the release again.*$/g, "")
      }`,
      { cause: error },
    );
  }
  return error;
}
