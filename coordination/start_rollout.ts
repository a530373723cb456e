/**
 * Starting a rollout: the admin box writes the offers, the policies and the waves in one transaction, and the agents carry
 * it out from there.
 *
 * @module
 */

import { EntryError, historyPath, RolloutError, transactions } from "../rollout/mod.ts";
import { hasCode, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import { apply, isUnknown } from "./apply.ts";
import { readControl } from "./control.ts";
import { findOtherContent } from "./known_releases.ts";
import { readDeployQueue, readServices } from "./rollouts.ts";
import { ensureTallies, removeOldTallies } from "./tallies.ts";

/**
 * Writes the offers, the policies and the waves in one transaction.
 *
 * @throws {RolloutError} when another rollout is under way, control is not `running`, or the fleet knows one of the versions
 * with other content.
 */
export async function startRollout(
  zk: ZooKeeper,
  rollout: transactions.NewRollout,
): Promise<void> {
  const control = await readControl(zk);
  const { waves } = await readDeployQueue(zk);
  const services = await readServices(zk, [...rollout.services.keys()]);
  const view = { control, services, waves: waves.map(({ entry }) => entry) };
  const operations = transactions.startRollout(view, rollout);
  // A tree of an earlier version does not have them.
  for (const service of services.keys()) await ensureTallies(zk, service);
  const otherContent = await findOtherContent(zk, rollout.releases.values());
  if (otherContent.length > 0) {
    throw new RolloutError(`start rollout: ${otherContent.join("; ")}; nothing was written`);
  }
  try {
    await apply(zk, operations);
  } catch (error) {
    if (hasCode(error, "BAD_VERSION")) {
      throw new RolloutError(
        "start rollout: somebody else changed the fleet's state meanwhile; nothing was written, try again",
        { cause: error },
      );
    }
    // The reply may have been lost after the transaction: then the record of this id exists.
    if (!isUnknown(error) || await zk.exists(historyPath(rollout.id)) === null) throw error;
  }
  try {
    await removeOldTallies(zk, rollout.services.keys());
  } catch (error) {
    // The rollout is started all the same; the next one removes them.
    if (!(error instanceof ZooKeeperError || error instanceof EntryError)) throw error;
  }
}
