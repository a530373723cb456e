/**
 * `rollcall status`: the fleet at a glance.
 *
 * @module
 */

import { readFleet } from "../coordination/mod.ts";
import { systemClock } from "../host/mod.ts";
import { withZooKeeper } from "./connect.ts";
import { MIN_COLUMNS, renderFleet } from "./fleet_view.ts";
import { createDisplay, watchFleet } from "./fleet_watch.ts";
import { writeJson, writeLine } from "./output.ts";
import { listenForStop } from "./stop_signal.ts";

/** Options of the command. */
export interface StatusOptions {
  readonly zookeeper: string;
  readonly watch: boolean;
  readonly json: boolean;
}

/** Shows the fleet once, or until stopped. */
export async function runStatus(options: StatusOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    if (options.watch) {
      using stop = listenForStop();
      await watchFleet(zookeeper, {
        display: createDisplay({ json: options.json }),
        signal: stop.signal,
        isOver: () => false,
      });
      return;
    }
    const fleet = await readFleet(zookeeper);
    if (options.json) writeJson(fleet);
    else {
      const columns = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : MIN_COLUMNS + 48;
      writeLine(renderFleet(fleet, { columns, nowMs: systemClock.now() }));
    }
  });
}
