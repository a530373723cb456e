/**
 * Starting a rollout: the admin box writes the offers, the policies and the waves in one transaction, and the agents carry
 * it out from there.
 *
 * @module
 */

import {
  EntryError,
  historyPath,
  planVersion as planVersionOf,
  RolloutError,
  transactions,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import { apply, isUnknown } from "./apply.ts";
import { readControl } from "./control.ts";
import { pruneHistory } from "./history.ts";
import { findOtherContent } from "./known_releases.ts";
import { readKnownServices } from "./known_services.ts";
import { readDeployQueue, readServices } from "./rollouts.ts";
import { ensureTallies, removeOldTallies } from "./tallies.ts";

/**
 * Writes the offers, the policies and the waves in one transaction.
 *
 * @param planVersion What {@link readPlanVersion} must still give; left out: whatever it gives.
 * @throws {RolloutError} when another rollout is under way, control is not `running`, the fleet knows one of the versions
 * with other content, or the plan's version is another one by now.
 */
export async function startRollout(
  zk: ZooKeeper,
  rollout: transactions.NewRollout,
  planVersion?: string,
): Promise<void> {
  const control = await readControl(zk);
  const { waves } = await readDeployQueue(zk);
  const services = await readServices(zk, [...rollout.services.keys()]);
  const view = { control, services, waves: waves.map(({ entry }) => entry) };
  const operations = transactions.startRollout(view, rollout);
  if (planVersion !== undefined) await expectPlanVersion(zk, { rollout, planVersion });
  // A tree of an earlier version does not have them.
  await ensureTallies(zk, services.keys());
  const otherContent = await findOtherContent(zk, rollout.releases.values());
  if (otherContent.length > 0) {
    throw new RolloutError(`start rollout: ${otherContent.join("; ")}; nothing was written`);
  }
  try {
    await apply(zk, operations);
  } catch (error) {
    if (hasCode(error, "BAD_VERSION")) {
      // Without its cause: which operation was refused means nothing to whoever has to look again.
      throw new RolloutError(
        "start rollout: somebody else changed the fleet's state meanwhile; nothing was written; look (rollcall status), " +
          "and try again",
      );
    }
    // The reply may have been lost after the transaction: then the record of this id exists.
    if (!isUnknown(error) || await zk.exists(historyPath(rollout.id)) === null) throw error;
  }
  try {
    await removeOldTallies(zk, rollout.services.keys());
    await pruneHistory(zk);
  } catch (error) {
    // The rollout is started all the same; the next one removes them.
    if (!(error instanceof ZooKeeperError || error instanceof EntryError)) throw error;
  }
}

/** Why no rollout can be started as the fleet is, and what to do; `null`: one can. */
export async function readBusy(zk: ZooKeeper): Promise<string | null> {
  const control = await readControl(zk);
  const { waves } = await readDeployQueue(zk);
  return transactions.describeBusy({ control, waves: waves.map(({ entry }) => entry) });
}

/**
 * The version of a checked plan against the tree as it is: whoever starts it with that version starts what they have seen,
 * or is refused.
 */
export async function readPlanVersion(
  zk: ZooKeeper,
  { services: planned, waves, releases, onFailure, maxFailures }: Pick<
    transactions.NewRollout,
    "services" | "waves" | "releases" | "onFailure" | "maxFailures"
  >,
): Promise<string> {
  const control = await readControl(zk);
  const queue = await readDeployQueue(zk);
  const { services } = await readKnownServices(zk);
  return planVersionOf({
    control: control.entry,
    queue: queue.waves.map(({ name }) => name.node),
    services,
    planned,
    waves,
    releases,
    onFailure,
    maxFailures,
  });
}

async function expectPlanVersion(
  zk: ZooKeeper,
  { rollout, planVersion }: {
    readonly rollout: transactions.NewRollout;
    readonly planVersion: string;
  },
): Promise<void> {
  const now = await readPlanVersion(zk, rollout);
  if (now === planVersion) return;
  throw new RolloutError(
    `start rollout: expected the plan's version ${planVersion}, was ${now}: the plan, its releases or the fleet's state ` +
      "have changed since; nothing was written; look again (rollcall rollout plan)",
  );
}
