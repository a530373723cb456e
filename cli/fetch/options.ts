/**
 * Options that `rollcall fetch` and `rollcall seed` share, some of them with `publish`, and the help text of their source.
 *
 * @module
 */

import { Option } from "@commander-js/extra-typings";
import { ENGINE_NAMES } from "../../torrent/engine/engine_names.ts";
import { parseSeedGoal } from "./seed_goal.ts";
import { collect, collectTracker, LOG_LEVELS, parseCount } from "../shared/options.ts";

/** The help text of the argument `<source>`. */
export const SOURCE_HELP =
  "a .torrent (path, URL or - for standard input), a feed's URL, a magnet link, or an info hash";

/** Makes the option `--tracker`. */
export function trackerOption() {
  return new Option(
    "-t, --tracker <url>",
    "announce here, in place of the trackers that the release names; may be given again",
  ).argParser(collectTracker).default([] as string[], "those of the release");
}

/** Makes the option `--until`. */
export function untilOption() {
  return new Option(
    "-u, --until <goal>",
    "seed until a ratio (2, 1.5) or for a time (30s, 10m, 2h)",
  ).argParser(parseSeedGoal);
}

/** Makes the option `--reuse`. */
export function reuseOption() {
  return new Option(
    "--reuse <dir>",
    "take what is the same from the folder of an earlier release; may be given again (default: the ones that fetch has " +
      "put there or beside it)",
  ).argParser((dir: string, before: readonly string[] | undefined) => collect(dir, before ?? []));
}

/** Makes the option `--host`. */
export function hostOption() {
  return new Option(
    "--host <name>",
    "name among the peers, unlike that of any other on this machine (default: made from its own)",
  );
}

/** Makes the option `--site`. */
export function siteOption() {
  return new Option("--site <name>", "its site; peers of the same one are near").default("unknown");
}

/** Makes the option `--rack`. */
export function rackOption() {
  return new Option("--rack <name>", "its rack; peers of the same one are nearest")
    .default("unknown");
}

/** `--torrent-port`. */
export function torrentPortOption() {
  return new Option("--torrent-port <port>", "TCP port for peers; 0: any free one")
    .argParser(parseCount(0, 65_535)).default(0);
}

/** Makes the option `--engine`. */
export function engineOption() {
  return new Option("--engine <name>", "what moves the bytes").choices(ENGINE_NAMES)
    .default(ENGINE_NAMES[0]);
}

/** `--log-level` with errors alone as its default, because log lines would tear the progress bar apart. */
export function quietLogOption() {
  return new Option("--log-level <level>", "least severe messages to log")
    .choices(LOG_LEVELS).default("error" as const);
}
