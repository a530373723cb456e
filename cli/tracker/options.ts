/**
 * Options and help of `rollcall tracker`. What the command does is in `tracker.ts`, which is loaded only when it is run.
 *
 * @module
 */

import { type Command, Option } from "@commander-js/extra-typings";
import { IMPORT_WAYS } from "../../base/stripes.ts";
import { TRACKER_SERVERS } from "../../tracker/server_names.ts";
import {
  allowHostOption,
  jsonOption,
  listenOption,
  logLevelOption,
  parseCount,
} from "../shared/options.ts";

/** Adds the command to the program. */
export function addTracker(program: Command): void {
  program.command("tracker")
    .summary("run the tracker that prefers peers nearby")
    .description(
      "Run the tracker: it hands out peers of the same rack first, then of the same site, and a few outside.\n" +
        "It answers over HTTP and UDP; its first page shows each release by site and rack.",
    )
    .addOption(listenOption("0.0.0.0:8000"))
    .option(
      "-s, --subnets <file>",
      "YAML list of {cidr, site, rack}; believed before what a peer says of itself",
    )
    .option(
      "--hungry-interval <seconds>",
      "time between two announces of a host that lacks peers",
      parseCount(1, 3_600),
    )
    .option(
      "--public-host <name>",
      "name in the announce URL, where it differs from the address; an IP address also stands for peers on this machine",
    )
    .addOption(allowHostOption())
    .option("--allow <feed>", "URL of a feed; only its releases are served, and shown by name")
    .option("--no-udp", "announces over HTTP only")
    .addOption(
      new Option(
        "--import-by <what>",
        "how what a rack or a site lacks comes in: through one gateway for each, or shared out in stripes among its hosts",
      ).choices(IMPORT_WAYS).default(IMPORT_WAYS[0]),
    )
    .addOption(
      new Option(
        "--server <name>",
        "what reads requests: frontends of our own, or the HTTP and UDP server of npm:bittorrent-tracker;\n" +
          "swarms, limits and pages are the same, but that one takes seven to ten times the processor time",
      ).choices(TRACKER_SERVERS).default(TRACKER_SERVERS[0]),
    )
    .addOption(
      jsonOption('print {"announceUrl", "udpAnnounceUrl"} as JSON on stdout once ready'),
    )
    .addOption(logLevelOption())
    .action(async (options) => (await import("./tracker.ts")).runTracker(options));
}
