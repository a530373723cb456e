/**
 * `rollcall tracker`: the tracker that knows sites and racks, as a process. Its options are in `options.ts`; all else is in
 * `tracker/`.
 *
 * @module
 */

import { z } from "zod";
import { createTracker, type ImportWay, type TrackerServerName } from "../../tracker/mod.ts";
import { setUpLogging } from "../shared/logging.ts";
import type { ListenAddress, LogLevelName } from "../shared/options.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { readYamlFile } from "../shared/yaml_file.ts";

/** Options of the command, as `rollcall tracker --help` explains them. */
export interface TrackerCommandOptions {
  readonly listen: ListenAddress;
  readonly subnets?: string | undefined;
  readonly hungryInterval?: number | undefined;
  readonly importBy: ImportWay;
  readonly publicHost?: string | undefined;
  readonly allowHost: readonly string[];
  readonly allow?: string | undefined;
  readonly udp: boolean;
  readonly server: TrackerServerName;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

const subnetsSchema = z.array(
  z.strictObject({
    cidr: z.string(),
    site: z.string(),
    rack: z.string(),
    peersPerAddress: z.int().min(1).max(50_000).optional(),
    releasesPerAddress: z.int().min(1).max(1_000).optional(),
  }),
);

/** Runs the tracker until it is told to stop. */
export async function runTracker(options: TrackerCommandOptions): Promise<void> {
  const subnets = options.subnets === undefined
    ? []
    : await readYamlFile(options.subnets, "subnet map", subnetsSchema);
  const log = await setUpLogging("tracker", options.logLevel);
  using stop = listenForStop();
  const tracker = await createTracker({
    hostname: options.listen.hostname,
    port: options.listen.port,
    ...(options.publicHost === undefined ? {} : { publicHostname: options.publicHost }),
    settings: {
      importBy: options.importBy,
      ...(options.hungryInterval === undefined
        ? {}
        : { hungryIntervalMs: options.hungryInterval * 1_000 }),
    },
    hostNames: options.allowHost,
    udp: options.udp,
    server: options.server,
    ...(options.allow === undefined ? {} : { allowFeed: options.allow }),
    subnets,
    log,
  });
  const { announceUrl, udpAnnounceUrl } = tracker;
  if (options.json) writeJson({ announceUrl, udpAnnounceUrl });
  else {
    const overUdp = udpAnnounceUrl === undefined ? "" : ` and ${udpAnnounceUrl}`;
    writeLine(`Tracker at ${announceUrl}${overUdp}, ${subnets.length} subnets known.`);
    writeLine(`Who fetches what from where: ${new URL("/", announceUrl)}`);
  }
  await stop.stopped;
  await tracker.close();
}
