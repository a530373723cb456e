/**
 * `rollcall rollout promote`: opens the gate at which a wave waits.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";
import { promote } from "../../coordination/mod.ts";
import { operatorName } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";

/** Opens a gate: that of the service, or the only one at which a wave waits. */
export async function promoteCommand(
  service: string | undefined,
  options: { readonly zookeeper: string },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const by = operatorName();
    const opened = await promote(zookeeper, { service, by, nowMs: systemClock.wallTimeMs() });
    writeLine(`Opened the gate before ${opened.service} ${opened.version}: its wave begins.`);
  });
}
