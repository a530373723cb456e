/**
 * What an operator does during a run: pause, resume, withdraw the rollout. Operators do not lose replies here.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  wavePath,
} from "../../../rollout/mod.ts";
import { readWaves } from "./reading.ts";
import { nodeAt, type Operation, type TreeModel } from "./tree_model.ts";
import { InvariantViolation } from "./invariants.ts";

type Wish = Pick<Control, "state" | "reason">;

/** Writes the control node, whatever its state. */
export function setControl({ tree }: { readonly tree: TreeModel }, wish: Wish): void {
  commit(tree, [{ kind: "set", path: CONTROL, data: controlEntry(tree, wish), version: null }]);
}

/** Aborts the rollout: removes its waves and withdraws the versions that are not committed. */
export function withdrawRollout(
  { tree }: { readonly tree: TreeModel },
  services: readonly string[],
): void {
  const waves = readWaves(tree.snapshot);
  const data = controlEntry(tree, { state: "running", reason: null });
  const operations: Operation[] = [{ kind: "set", path: CONTROL, data, version: null }];
  for (const { node, znodeVersion } of waves) {
    operations.push({ kind: "delete", path: wavePath(node), version: znodeVersion });
  }
  for (const service of services) {
    const wave = waves.find((wave) => wave.service === service);
    if (wave === undefined) continue;
    const { data, version } = nodeAt(tree.snapshot, servicePath(service));
    const entry = data as Service;
    const withdrawn = [...entry.withdrawn, wave.version];
    operations.push({
      kind: "set",
      path: servicePath(service),
      data: { ...entry, withdrawn },
      version,
    });
  }
  commit(tree, operations);
}

function controlEntry(tree: TreeModel, wish: Wish): Control {
  return { schema: SCHEMA_VERSION, by: "operator", sinceMs: tree.zxid + 1, ...wish };
}

function commit(tree: TreeModel, operations: readonly Operation[]): void {
  const session = tree.openSession();
  const result = tree.multi(session, operations);
  tree.expire(session);
  if (!result.isDone) throw new InvariantViolation("model", `operator: ${result.reason}`);
}
