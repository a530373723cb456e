/**
 * `rollcall restart`: starts what a service runs anew, on one host after the other.
 *
 * @module
 */

import { createRolloutId, restartService } from "../../coordination/mod.ts";
import { listNames } from "../../rollout/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { follow, type FollowOptions } from "./follow.ts";
import { randomShare } from "./random_share.ts";

/** Options of the command, as `rollcall restart --help` explains them. */
export interface RestartOptions extends FollowOptions {
  readonly zookeeper: string;
  readonly detach: boolean;
  /** Why, for the record. */
  readonly reason?: string | undefined;
  /** Why the hosts switch in freeze windows, too. Default: they do not. */
  readonly ignoreFreeze?: string | undefined;
}

/** Restarts a service, and shows that until it ends. */
export async function restartCommand(service: string, options: RestartOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const { ignoreFreeze: ignoresFreeze, reason } = options;
    const { by, sinceMs: nowMs } = operatorWord();
    const id = createRolloutId(nowMs, randomShare);
    const restart = { id, by, reason, nowMs, ignoresFreeze };
    const { version, others } = await restartService(zookeeper, service, restart);
    if (!options.json) {
      writeLine(`Rollout ${id}: restarts ${service} ${version}, by ${by}`);
      if (others.length > 0) {
        writeLine(`Note: ${listNames(others)} run another version, and switch to it`);
      }
    }
    if (!options.detach) await follow(zookeeper, id, options);
  });
}
