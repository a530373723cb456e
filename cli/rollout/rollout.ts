/**
 * `rollcall rollout`: checks a plan and starts it, and shows the rollout that is under way. A plan comes in as YAML, the
 * releases that it names come from the feed, and the order goes out as a transaction on the tree; the agents carry it out.
 *
 * @module
 */

import {
  activeRollout,
  createRolloutId,
  newestRollout,
  startRollout,
} from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { CommandError } from "../shared/errors.ts";
import { operatorName } from "../shared/operator.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { follow } from "./follow.ts";
import { describeNothingToDo } from "./nothing_to_do.ts";
import { type CheckedPlanFile, checkPlanFile, describeOrder, readPlanFile } from "./plan_file.ts";
import { randomShare } from "./random_share.ts";

/** Options of `rollout start`, as `rollcall rollout --help` explains them. */
export interface StartOptions {
  readonly zookeeper: string;
  readonly feed?: string | undefined;
  /** Start only what `rollout plan` has shown: the version that it printed. */
  readonly planVersion?: string | undefined;
  /** Why the hosts switch in freeze windows, too. Default: they do not. */
  readonly ignoreFreeze?: string | undefined;
  readonly detach: boolean;
  /** Why, for the record. */
  readonly reason?: string | undefined;
  readonly json: boolean;
  /** Announce URLs to ask how releases spread, in place of those that the releases name. */
  readonly tracker: readonly string[];
  /** How long to wait for the end, in milliseconds. Default: as long as it takes. */
  readonly timeout?: number | undefined;
}

/** `rollout start`: checks the plan, starts it, and shows the rollout until it ends. */
export async function startRolloutCommand(planPath: string, options: StartOptions): Promise<void> {
  const request = await readPlanFile(planPath, options.feed);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const plan = await checkPlanFile(zookeeper, request);
    const nothing = await describeNothingToDo(zookeeper, plan);
    if (nothing !== null) {
      if (options.json) writeJson({ nothingToDo: nothing });
      else for (const line of nothing) writeLine(line);
      return;
    }
    const id = await begin(zookeeper, plan, options);
    if (!options.json) {
      for (const note of plan.notes) writeLine(`Note: ${note}`);
      writeLine(`Rollout ${id}: ${describeOrder(plan)}`);
    }
    if (!options.detach) await follow(zookeeper, id, options);
  });
}

/** `rollout watch`: shows the rollout that is under way, or the last one, until it ends. */
export async function watchRolloutCommand(
  options: Pick<StartOptions, "zookeeper" | "json" | "tracker" | "timeout">,
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const id = await activeRollout(zookeeper) ?? await newestRollout(zookeeper);
    if (id === null) throw new CommandError("rollout watch: there has been no rollout yet");
    await follow(zookeeper, id, options);
  });
}

async function begin(
  zookeeper: ZooKeeper,
  { services, waves, releases, onFailure, maxFailures }: CheckedPlanFile,
  { planVersion, ignoreFreeze, reason }: Pick<
    StartOptions,
    "planVersion" | "ignoreFreeze" | "reason"
  >,
): Promise<string> {
  const nowMs = systemClock.wallTimeMs();
  const id = createRolloutId(nowMs, randomShare);
  const word = { by: operatorName(), reason, nowMs, ignoresFreeze: ignoreFreeze };
  const rollout = { services, waves, releases, onFailure, maxFailures, id, ...word };
  await startRollout(zookeeper, rollout, planVersion);
  return id;
}
