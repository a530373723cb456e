/**
 * `rollcall status`: shows the fleet once, or again and again with `--watch`.
 *
 * The room: a snapshot of the tree comes from `coordination/`; `distribution.ts` (through `tracker_client.ts`) and
 * `transfer_poller.ts` add what trackers and agents report; the views render it, and `fleet_display.ts` shows it. Other
 * commands that show the fleet, such as `rollout watch`, use the same displays.
 *
 * @module
 */

import { readFleet } from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { askDistributions } from "./distribution.ts";
import { createFleetDisplay } from "./fleet_display.ts";
import { renderFleet } from "./fleet_view.ts";
import { watchFleet } from "./fleet_watch.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";
import { listenForStop } from "../shared/stop_signal.ts";

/** Columns of the view where stdout is no terminal. */
const DEFAULT_COLUMNS = 120;

/** Options of the command, as `rollcall status --help` explains them. */
export interface StatusOptions {
  readonly zookeeper: string;
  readonly watch: boolean;
  readonly json: boolean;
  /** Announce URLs in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** Shows the fleet once, or with `watch` until stopped. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const { watch, json, tracker } = options;
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    if (watch) {
      using stop = listenForStop();
      await watchFleet(zookeeper, {
        display: createFleetDisplay({ json, tracker }),
        signal: stop.signal,
        isOver: () => false,
      });
      return;
    }
    const fleet = await readFleet(zookeeper);
    const distributions = await askDistributions(fleet, { trackers: tracker });
    if (json) writeJson({ ...fleet, distributions });
    else {
      const columns = terminalColumns(DEFAULT_COLUMNS);
      writeLine(renderFleet(fleet, { columns, nowMs: systemClock.wallTimeMs(), distributions }));
    }
  });
}
