/**
 * The control node: what an operator writes to pause and resume the whole fleet, and what an agent writes to halt it.
 *
 * @module
 */

import { CONTROL, type Control, controlSchema, encodeEntry } from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { decodeNode, readNodes, type Versioned } from "./entry_reader.ts";
import { RolloutError } from "./rollouts.ts";

/**
 * Writes the control node.
 *
 * @returns The entry from before.
 * @throws {RolloutError} when somebody else changes it at the same time.
 */
export async function setControl(
  zk: ZooKeeper,
  change: Pick<Control, "state" | "by" | "reason" | "sinceMs">,
): Promise<Control> {
  const standing = await readControl(zk);
  try {
    await zk.set(CONTROL, encodeEntry({ ...standing.entry, ...change }), {
      version: standing.znodeVersion,
    });
  } catch (error) {
    if (!hasCode(error, "BAD_VERSION")) throw error;
    throw new RolloutError(
      `set control to ${change.state}: somebody else changed it meanwhile; look and try again`,
      {
        cause: error,
      },
    );
  }
  return standing.entry;
}

/**
 * Reads the control node.
 *
 * @throws {RolloutError} when there is none: no agent has ever created the tree.
 */
export async function readControl(zk: ZooKeeper): Promise<Versioned<Control>> {
  const [raw = null] = await readNodes(zk, [CONTROL]);
  const control = decodeNode(controlSchema, raw, CONTROL);
  if (control === null) {
    throw new RolloutError(
      "read control: the tree is empty; start an agent first, or check the chroot in --zookeeper",
    );
  }
  return control;
}
