/**
 * Restarting a service: a rollout of the version that the fleet runs.
 *
 * @module
 */

import { decideRestart, RolloutError, transactions } from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readService } from "./service_view.ts";
import { startRollout } from "./start_rollout.ts";

/** What was begun. */
export interface RestartOutcome {
  /** The version that is started anew. */
  readonly version: string;
  /** Hosts that run another one: they switch to it. */
  readonly others: readonly string[];
}

/**
 * Begins to restart a service on all of its hosts, by its policy.
 *
 * @param restart.id The rollout's, from `createRolloutId`.
 * @throws {RolloutError} when it cannot be restarted, or no rollout can be started.
 */
export async function restartService(
  zk: ZooKeeper,
  service: string,
  restart: Pick<transactions.NewRollout, "id" | "by" | "reason" | "nowMs" | "ignoresFreeze">,
): Promise<RestartOutcome> {
  const reading = await readService(zk, service);
  const decision = decideRestart(reading, service);
  if (decision.kind === "refused") throw new RolloutError(`restart ${service}: ${decision.why}`);
  const { release, others } = decision;
  const { version } = release;
  const { dependsOn = [], policy = reading.view.policy } = reading.service?.entry ?? {};
  await startRollout(zk, {
    ...restart,
    services: new Map([[service, { version, dependsOn, policy }]]),
    releases: new Map([[service, { ...release, restart: restart.id }]]),
    waves: [{ service, version, hosts: null }],
  });
  return { version, others };
}
