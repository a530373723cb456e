/**
 * `rollcall status`: the fleet at a glance.
 *
 * @module
 */

import { readFleet } from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { askDistributions } from "./distribution.ts";
import { createDisplay } from "./fleet_display.ts";
import { MIN_COLUMNS, renderFleet } from "./fleet_view.ts";
import { watchFleet } from "./fleet_watch.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";

/** Options of the command. */
export interface StatusOptions {
  readonly zookeeper: string;
  readonly watch: boolean;
  readonly json: boolean;
  /** Announce URLs in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** Shows the fleet once, or until stopped. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const { watch, json, tracker } = options;
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    if (watch) {
      using stop = listenForStop();
      await watchFleet(zookeeper, {
        display: createDisplay({ json, tracker }),
        signal: stop.signal,
        isOver: () => false,
      });
      return;
    }
    const fleet = await readFleet(zookeeper);
    const distributions = await askDistributions(fleet, { trackers: tracker });
    if (json) writeJson({ ...fleet, distributions });
    else {
      const columns = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : MIN_COLUMNS + 48;
      writeLine(renderFleet(fleet, { columns, nowMs: systemClock.wallTimeMs(), distributions }));
    }
  });
}
