/**
 * `rollcall seed`: content that lies on this machine already, offered to others by hand.
 *
 * @module
 */

import { basename, dirname, relative, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { type Release, ReleaseError, verifyRelease } from "../../torrent/mod.ts";
import { CommandError, UsageError } from "../shared/errors.ts";
import { createProgressDisplay } from "./progress_display.ts";
import { type EngineChoice, openEngine } from "./engine.ts";
import { exchangeMetainfo } from "./metadata_exchange.ts";
import { findReleaseOrStop } from "./resolve_release.ts";
import { seedShown, verifyShown } from "./verify_and_seed.ts";
import { parseSource } from "./source.ts";
import { describeSeedGoal, type SeedGoal } from "./seed_goal.ts";
import { ProgressMonitor } from "./progress_monitor.ts";
import { setUpLogging } from "../shared/logging.ts";
import { writeJson } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { formatAge, formatBytes } from "../shared/format.ts";

/** What to seed, and where it lies. */
export interface SeedArguments {
  readonly source: string;
  readonly path: string;
  readonly service?: string | undefined;
  readonly version?: string | undefined;
}

/** Options of the command. */
export interface SeedCommandOptions extends EngineChoice {
  readonly tracker: readonly string[];
  readonly until?: SeedGoal | undefined;
  readonly verify: boolean;
  readonly json: boolean;
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** Who seeds is seldom the first: somebody answers soon, or never. */
const EXCHANGE_PATIENCE_MS = 60_000;

/** Checks the content, then seeds until told to stop or until the goal is reached. */
export async function runSeed(what: SeedArguments, options: SeedCommandOptions): Promise<void> {
  const source = await parseSource(what.source);
  const log = await setUpLogging("seed", options.logLevel);
  using stop = listenForStop();
  const display = createProgressDisplay({ json: options.json, now: systemClock.nowMs });
  const engine = await openEngine(options, log);
  try {
    const release = await findReleaseOrStop({
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
    // Not before the files are known to be right: others would get pieces that they throw away.
    if (options.verify) {
      using watch = new ProgressMonitor({ release, root: what.path, display, until });
      await verifyShown((how) => verifyRelease({ ...how, metainfo: release.metainfo, root }), {
        watch,
        signal: stop.signal,
      });
    }
    const transfer = engine.seed({ metainfo, root });
    const shownRoot = relative(Deno.cwd(), resolve(what.path)) || ".";
    using watch = new ProgressMonitor({ release, transfer, root: shownRoot, display, until });
    watch.enter("seeding");
    await watch.showUntil(transfer.done);
    const { service, version, infoHash, sizeBytes } = release;
    if (options.json) {
      writeJson({ service, version, infoHash, folder: root, sizeBytes, port: engine.port });
    }
    const seeded = await seedShown(release, { transfer, watch, until: options.until, stop });
    if (options.json) writeJson({ seeded });
    display.say(
      `Seeded ${service} ${version} for ${formatAge(seeded.seconds * 1_000)}: gave ${
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

/** The engine's root: the folder itself, or, for a release of one file, also that file's folder. */
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
