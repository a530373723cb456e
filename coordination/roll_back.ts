/**
 * Rolling the newest rollout back: an operator's word, or done by the hosts where its plan says so.
 *
 * @module
 */

import {
  type Control,
  hasBegun,
  historyPath,
  RolloutError,
  ROOT,
  transactions,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyDecision, isUnknown } from "./apply.ts";
import { readControlToChange } from "./control.ts";
import { readRecord } from "./rollout_record.ts";
import { createRolloutId, newestRollout, readDeployQueue } from "./rollouts.ts";
import { readService } from "./service_view.ts";

/** Who rolls back, and why. */
export interface RollBackWord {
  readonly by: string;
  /** Why; left out: what control says. */
  readonly reason?: string | undefined;
  readonly nowMs: number;
  readonly random: () => number;
}

/**
 * Rolls the rollout back that was started last: under way, aborted or finished. The rollback is a rollout of its own, which the
 * agents carry out.
 *
 * @returns Its id.
 * @throws {RolloutError} when there is none, or nothing to go back to.
 */
export async function rollBack(zk: ZooKeeper, word: RollBackWord): Promise<string> {
  const id = await rollBackIf(zk, word, () => true);
  if (id === null) throw new RolloutError("roll back: nothing was written");
  return id;
}

/**
 * The same by a host, if the rollout that is under way is still halted and to be rolled back.
 *
 * @returns The id of the rollback; `null` if somebody else was faster, or has decided otherwise.
 */
export async function rollBackIfHalted(zk: ZooKeeper, word: RollBackWord): Promise<string | null> {
  return await rollBackIf(
    zk,
    word,
    (control) => control?.state === "halted" && control.onFailure === "rollback",
  );
}

async function rollBackIf(
  zk: ZooKeeper,
  { by, reason, nowMs, random }: RollBackWord,
  isWanted: (control: Control | null) => boolean,
): Promise<string | null> {
  const id = createRolloutId(nowMs, random);
  try {
    return await applyDecision(zk, async () => {
      await zk.sync(ROOT);
      const control = await readControlToChange(zk);
      if (!isWanted(control.entry)) return { operations: [], result: () => null };
      const view = await readView(zk, control);
      const why = reason ?? control.entry?.reason ?? "an operator's word";
      const operations = transactions.rollBack(view, { id, by, reason: why, nowMs });
      return { operations, result: () => id };
    });
  } catch (error) {
    // The reply may have been lost after the transaction: then the record of the rollback exists.
    if (isUnknown(error) && await zk.exists(historyPath(id)) !== null) return id;
    throw error;
  }
}

async function readView(
  zk: ZooKeeper,
  control: transactions.StandingControl,
): Promise<transactions.RollBackView> {
  const rollout = await newestRollout(zk);
  if (rollout === null) throw new RolloutError("roll back: there has been no rollout yet");
  const record = await readRecord(zk, rollout);
  if (record === null) {
    throw new RolloutError(
      `roll back: the record of ${rollout} cannot be read; roll out the ` +
        "version that the fleet should have",
    );
  }
  const { waves } = await readDeployQueue(zk);
  const services = new Map<string, transactions.RolledBackService>();
  for (const { service, version } of record.entry.waves) {
    if (services.has(service)) continue;
    services.set(service, await readRolledBack(zk, { service, version, record: record.entry }));
  }
  return { control, waves, services, record: { ...record, id: rollout } };
}

async function readRolledBack(
  zk: ZooKeeper,
  { service, version, record }: {
    readonly service: string;
    readonly version: string;
    readonly record: Parameters<typeof hasBegun>[1]["record"];
  },
): Promise<transactions.RolledBackService> {
  const { view, service: entry, offer } = await readService(zk, service);
  if (entry === null) throw new RolloutError(`roll back: ${service} has no entry`);
  const release = offer?.version === version ? offer : { version };
  return {
    service: entry,
    offered: offer,
    hasBegun: hasBegun(release, { record, service, view }),
    slotsVersion: view.slotsVersion,
  };
}
