/**
 * `rollcall rollout promote`: opens the gate at which a wave waits.
 *
 * @module
 */

import { promote } from "../../coordination/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { tellStops } from "./stops.ts";

/** Opens a gate: that of the service, or the only one at which a wave waits. */
export async function promoteCommand(
  service: string | undefined,
  options: { readonly zookeeper: string; readonly reason?: string | undefined },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const { by, reason, sinceMs: nowMs } = operatorWord(options);
    const opened = await promote(zookeeper, { service, by, reason, nowMs });
    writeLine(
      `Opened the gate before ${opened.service} ${opened.version}, by ${by}: its wave goes on.`,
    );
    await tellStops(zookeeper, "Nobody goes down before control runs again");
  });
}
