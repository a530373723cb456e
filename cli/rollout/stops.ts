/**
 * What an operator is told whose word takes effect only once control runs again.
 *
 * @module
 */

import { readControl } from "../../coordination/mod.ts";
import { describeStops } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { writeLine } from "../shared/output.ts";

/** Says so, and how control runs again: a fleet that stands still for another reason goes on standing still. */
export async function tellStops(zookeeper: ZooKeeper, what: string): Promise<void> {
  const { entry } = await readControl(zookeeper);
  if (entry.state === "running") return;
  writeLine(`Control is ${describeStops(entry)}. ${what}: rollcall rollout resume`);
}
