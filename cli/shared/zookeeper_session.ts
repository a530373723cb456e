/**
 * A session with ZooKeeper for the length of one command, with a helpful message where no server answers.
 *
 * @module
 */

import { ZooKeeper, ZooKeeperError } from "../../zookeeper/mod.ts";
import { CommandError, UsageError } from "./errors.ts";

/** How long a command tries to connect. An operator who mistyped the address should not wait longer. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Runs `work` with a session and closes it afterwards.
 *
 * @throws {UsageError} for an invalid connect string; {CommandError} when no server answers.
 */
export async function withZooKeeper<T>(
  servers: string,
  work: (zookeeper: ZooKeeper) => Promise<T>,
): Promise<T> {
  let zookeeper: ZooKeeper;
  try {
    zookeeper = new ZooKeeper(servers);
  } catch (cause) {
    throw new UsageError(`--zookeeper: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  try {
    try {
      await zookeeper.connected({ timeoutMs: CONNECT_TIMEOUT_MS });
    } catch (cause) {
      if (!(cause instanceof ZooKeeperError)) throw cause;
      throw new CommandError(
        `connect to ZooKeeper: no server of ${servers} answered within ${
          CONNECT_TIMEOUT_MS / 1000
        } s; ` +
          "is it running, and is --zookeeper (or ROLLCALL_ZOOKEEPER) right?",
      );
    }
    return await work(zookeeper);
  } finally {
    await zookeeper.close();
  }
}
