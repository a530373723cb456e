/**
 * The server of ZooKeeper 3.9 that the tests use where `deno task setup:zookeeper_3_9` could fetch it: two jars, which run
 * with Debian's Java and libraries (see `real_zookeeper.ts`).
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Where the jars are. */
export const zooKeeper39Folder = fileURLToPath(new URL("../.cache/zookeeper_3_9", import.meta.url));

/** The jars: Maven's names for them, their files, and the SHA-256 of these. */
export const zooKeeper39Jars = [
  {
    artifact: "org.apache.zookeeper:zookeeper:3.9.5",
    file: "zookeeper-3.9.5.jar",
    sha256: "936d025db1a85f085edea25048c3f5b3de5fc29329c371a10925e3b78b0b38a0",
  },
  {
    artifact: "org.apache.zookeeper:zookeeper-jute:3.9.5",
    file: "zookeeper-jute-3.9.5.jar",
    sha256: "abcbc7f9d6c493daa118da6fa3061a201e2c521217526e8535adfb56b629e52a",
  },
] as const;

/** The paths of the jars, or `null` where they were not fetched. */
export async function findZooKeeper39(): Promise<string[] | null> {
  const paths = zooKeeper39Jars.map(({ file }) => `${zooKeeper39Folder}/${file}`);
  for (const path of paths) {
    if ((await Deno.stat(path).catch(() => null))?.isFile !== true) return null;
  }
  return paths;
}
