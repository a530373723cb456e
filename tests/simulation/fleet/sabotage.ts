/**
 * Bugs that are put into the protocol on purpose, to show that the simulation notices them. They are put in from outside:
 * the servers do not do what a transaction asks for, as if its author had forgotten that part of it.
 *
 * @module
 */

import { CONTROL } from "../../../rollout/mod.ts";
import type { DataTree } from "../../../zookeeper/server/tree/data_tree.ts";

/** A planted bug. */
export type Sabotage = keyof typeof SABOTAGES;

/** Of each bug, what it does to a server's tree. `session` is the one that the present change is made in. */
export const SABOTAGES = {
  /** Admissions do not depend on the counter's version. */
  no_counter(tree: DataTree): void {
    const setData = tree.setData.bind(tree);
    tree.setData = (path, data, version, id) =>
      setData(path, data, /^\/dc\/slots\/[^/]+$/.test(path) ? -1 : version, id);
  },
  /** Admissions do not depend on the control node. */
  no_control_check(tree: DataTree): void {
    const check = tree.check.bind(tree);
    tree.check = (path, version) => check(path, path === CONTROL ? -1 : version);
  },
  /** A slot goes with its host's session. */
  ephemeral_slot(tree: DataTree, session: () => bigint): void {
    const create = tree.create.bind(tree);
    tree.create = (node, id) =>
      create(
        /^\/dc\/slots\/[^/]+\/./.test(node.path) ? { ...node, ephemeralOwner: session() } : node,
        id,
      );
  },
} as const;

/** Plants a bug into a server. */
export function plant(bug: Sabotage, tree: DataTree, session: () => bigint): void {
  SABOTAGES[bug](tree, session);
}
