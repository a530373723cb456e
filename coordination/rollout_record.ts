/**
 * The record of a rollout: what was planned, and what became of it. It is for people; no decision rests on it.
 *
 * @module
 */

import {
  decodeNode,
  EntryError,
  historyPath,
  type Rollout,
  rolloutSchema,
  type Versioned,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { readNodes } from "./entry_reader.ts";

/**
 * Reads the record of a rollout, to write it again; `null` when there is none, or none that can be read. Since nothing rests
 * on it, a broken record must keep no rollout from going on.
 */
export async function readRecord(zk: ZooKeeper, id: string): Promise<Versioned<Rollout> | null> {
  const path = historyPath(id);
  const [node = null] = await readNodes(zk, [path]);
  try {
    return decodeNode(rolloutSchema, node, path);
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}
