/**
 * The control node: what an operator writes to pause and resume the whole fleet, and what an agent writes to halt it.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  controlSchema,
  decodeNode,
  EntryError,
  type RawNode,
  RolloutError,
  SCHEMA_VERSION,
  transactions,
  type Versioned,
} from "../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../zookeeper/mod.ts";
import { apply } from "./apply.ts";
import { readNodes } from "./entry_reader.ts";

/**
 * Writes the control node, also over an entry that cannot be read: an operator's word is how a fleet gets out of that.
 *
 * @returns The entry from before; `null` when it could not be read.
 * @throws {RolloutError} when somebody else changes it at the same time.
 * @throws {EntryError} when a later version of this program has written it.
 */
export async function setControl(
  zk: ZooKeeper,
  change: Pick<Control, "state" | "by" | "reason" | "sinceMs">,
): Promise<Control | null> {
  const standing = await readControlToChange(zk);
  try {
    await apply(zk, [transactions.setControl(standing, change)]);
  } catch (error) {
    if (!hasCode(error, "BAD_VERSION")) throw error;
    throw new RolloutError(
      `set control to ${change.state}: somebody else changed it meanwhile; look and try again`,
      { cause: error },
    );
  }
  return standing.entry;
}

/**
 * Reads the control node.
 *
 * @throws {RolloutError} when there is none: no agent has ever created the tree.
 * @throws {EntryError} when it cannot be read.
 */
export async function readControl(zk: ZooKeeper): Promise<Versioned<Control>> {
  const control = decodeNode(controlSchema, await readRaw(zk), CONTROL);
  if (control === null) throw noControl();
  return control;
}

/**
 * Reads the control node for a change that needs nothing of it; its entry is `null` when it cannot be read.
 *
 * @throws {RolloutError} when there is none: no agent has ever created the tree.
 * @throws {EntryError} when a later version of this program has written it, or when this one may not read it.
 */
export async function readControlToChange(
  zk: ZooKeeper,
): Promise<transactions.StandingControl> {
  const node = await readRaw(zk);
  try {
    const control = decodeNode(controlSchema, node, CONTROL);
    if (control !== null) return control;
  } catch (error) {
    if (!(error instanceof EntryError) || node === null || "problem" in node) throw error;
    if (isOfLaterVersion(node.data)) throw error;
    return { entry: null, znodeVersion: node.version };
  }
  throw noControl();
}

async function readRaw(zk: ZooKeeper): Promise<RawNode> {
  const [node = null] = await readNodes(zk, [CONTROL]);
  return node;
}

/** A later version's entry says more than this version knows; to write over it would take that away. */
function isOfLaterVersion(data: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data));
    return typeof value === "object" && value !== null && "schema" in value &&
      typeof value.schema === "number" && value.schema > SCHEMA_VERSION;
  } catch {
    return false;
  }
}

function noControl(): RolloutError {
  return new RolloutError(
    "read control: the tree is empty; start an agent first, or check the chroot in --zookeeper",
  );
}
