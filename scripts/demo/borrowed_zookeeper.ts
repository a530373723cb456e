/**
 * The demo in a ZooKeeper that runs already: everything happens below one node of its own, which is removed at the end.
 *
 * @module
 */

import { hasCode, ZooKeeper } from "../../zookeeper/mod.ts";
import { DemoError } from "./deadlines.ts";

/** A node of the demo's own. */
export interface BorrowedZooKeeper {
  /** Connect string with the chroot. */
  readonly address: string;
  /** Removes the node and all below it. */
  giveBack(): Promise<void>;
}

const CONNECT_DEADLINE_MS = 10_000;

/** Creates the node. @throws {DemoError} when no server answers. */
export async function borrowZooKeeper(servers: string): Promise<BorrowedZooKeeper> {
  const chroot = `/rollcall-demo-${crypto.randomUUID()}`;
  await withSession(servers, (zookeeper) => zookeeper.create(chroot));
  return {
    address: `${servers}${chroot}`,
    giveBack: () => withSession(servers, (zookeeper) => removeTree(zookeeper, chroot)),
  };
}

async function withSession<T>(
  servers: string,
  work: (zookeeper: ZooKeeper) => Promise<T>,
): Promise<T> {
  const zookeeper = new ZooKeeper(servers);
  try {
    await zookeeper.connected({ timeoutMs: CONNECT_DEADLINE_MS }).catch((cause) => {
      throw new DemoError(`--zookeeper: no server of ${servers} answered: ${cause.message}`);
    });
    return await work(zookeeper);
  } finally {
    await zookeeper.close();
  }
}

/** Deletes a node and all below it. Ephemeral nodes of killed agents may vanish meanwhile, which is no error. */
async function removeTree(zookeeper: ZooKeeper, path: string): Promise<void> {
  try {
    const { children } = await zookeeper.children(path);
    for (const child of children) await removeTree(zookeeper, `${path}/${child}`);
    await zookeeper.delete(path);
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
}
