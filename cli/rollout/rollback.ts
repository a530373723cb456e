/**
 * `rollcall rollout rollback`: takes the newest rollout back, and shows the rollback until it ends.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";
import { rollBack } from "../../coordination/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { follow, type FollowOptions } from "./follow.ts";

/** Options of `rollout rollback`. */
export interface RollbackOptions extends FollowOptions {
  readonly zookeeper: string;
  /** Why, for the record. Default: the reason of the halt, if there is one. */
  readonly reason?: string | undefined;
  readonly detach: boolean;
  readonly json: boolean;
}

/** Rolls back. */
export async function rollbackCommand(options: RollbackOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const { by } = operatorWord();
    const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
    const id = await rollBack(zookeeper, {
      by,
      reason: options.reason,
      nowMs: systemClock.wallTimeMs(),
      random: () => number / 2 ** 32,
    });
    if (!options.json) writeLine(`Rollback ${id}: back to what was committed before.`);
    if (!options.detach) await follow(zookeeper, id, options);
  });
}
