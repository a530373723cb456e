/**
 * Finishing a wave: the transaction that removes it, records it, and commits the version after the last wave of a
 * service.
 *
 * @module
 */

import {
  type CensusReading,
  decodeWave,
  parseSequentialName,
  transactions,
  wavePath,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyIfUnchanged } from "./apply.ts";
import { readNodes } from "./entry_reader.ts";
import { readRecord } from "./rollout_record.ts";

/**
 * Removes the first wave after `decideFinish` has found it over.
 *
 * @returns Whether this call finished the wave; `false`: another host was faster, or something has changed.
 */
export async function finishWave(
  zk: ZooKeeper,
  reading: CensusReading,
  finish: { readonly service: string; readonly nowMs: number },
): Promise<boolean> {
  const { wave } = reading.census;
  const name = wave === null ? null : parseSequentialName(wave.node);
  if (name === null) return false;
  const [node = null] = await readNodes(zk, [wavePath(name.node)]);
  const found = decodeWave(name, node);
  if (found === null) return false;
  const record = await readRecord(zk, found.entry.rollout);
  const operations = transactions.finishWave(reading, { ...finish, wave: found.entry, record });
  return operations !== null && await applyIfUnchanged(zk, operations);
}
