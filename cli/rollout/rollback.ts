/**
 * `rollcall rollout rollback`: takes the newest rollout back, and shows the rollback until it ends.
 *
 * @module
 */

import { readRecord, rollBack } from "../../coordination/mod.ts";
import type { Rollout } from "../../rollout/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { follow, type FollowOptions } from "./follow.ts";
import { randomShare } from "./random_share.ts";
import { tellStops } from "./stops.ts";

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
    const { by, sinceMs: nowMs } = operatorWord();
    const { reason } = options;
    const id = await rollBack(zookeeper, { by, reason, nowMs, random: randomShare });
    if (!options.json) {
      const record = await readRecord(zookeeper, id);
      writeLine(`Rollback ${id}, by ${by}: ${describe(record?.entry ?? null)}.`);
      await tellStops(zookeeper, "Hosts go back when control runs again");
    }
    if (!options.detach) await follow(zookeeper, id, options);
  });
}

/** What is taken back, and to what. */
function describe(record: Rollout | null): string {
  if (record === null) return "back to what was committed before";
  const { rollsBack, waves } = record;
  if (waves.length === 0) {
    return `${rollsBack} is over; nothing of it had begun, so every host stays as it is`;
  }
  const back = waves.map(({ service, from, version }) => `${service} ${from} -> ${version}`);
  return `takes ${rollsBack} back, ${back.join(", then ")}`;
}
