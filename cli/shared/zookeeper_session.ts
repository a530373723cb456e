/**
 * A session with ZooKeeper for the length of one command, with a helpful message where no server answers or the chroot
 * is missing.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { hasCode, ZooKeeper, ZooKeeperError } from "../../zookeeper/mod.ts";
import { CommandError, UsageError } from "./errors.ts";

/** How long a command tries to connect. An operator who mistyped the address should not wait longer. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Runs `work` with a session and closes it afterwards.
 *
 * @throws {UsageError} for an invalid connect string; {CommandError} when no server answers, or none any more, or the
 * chroot is missing.
 */
export async function withZooKeeper<T>(
  servers: string,
  work: (zookeeper: ZooKeeper) => Promise<T>,
): Promise<T> {
  let zookeeper: ZooKeeper;
  try {
    zookeeper = new ZooKeeper(servers);
  } catch (cause) {
    throw new UsageError(`--zookeeper: ${reasonOf(cause)}`, {
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
    await expectChroot(zookeeper, servers);
    return await work(zookeeper);
  } catch (cause) {
    if (!isPassing(cause)) throw cause;
    throw new CommandError(
      `ZooKeeper: ${servers} has answered, and does no longer (${cause.code}); if something was to be changed, it may have been: rollcall status shows it, and it is safe to say it again`,
    );
  } finally {
    await zookeeper.close();
  }
}

/** Whether a reading has failed because ZooKeeper did not answer: the session is restored by itself, so it may be tried again. */
export function isPassing(error: unknown): error is ZooKeeperError {
  return hasCode(error, "CONNECTION_LOSS", "OPERATION_TIMEOUT", "SESSION_EXPIRED");
}

/** A fleet without its chroot looks like one in which nobody has started anything yet; somebody has to make it once. */
async function expectChroot(zookeeper: ZooKeeper, servers: string): Promise<void> {
  const slash = servers.indexOf("/");
  const parts = slash < 0 ? [] : servers.slice(slash).split("/").filter((part) => part !== "");
  if (parts.length === 0 || await zookeeper.exists("/") !== null) return;
  const [first = ""] = servers.split(/[,/]/);
  const commands = parts.map((_, index) =>
    `zkCli.sh -server ${first.trim()} create /${parts.slice(0, index + 1).join("/")}`
  );
  throw new CommandError(
    `connect to ZooKeeper: the chroot /${
      parts.join("/")
    } in ${servers} does not exist; if it is right, ` +
      `create it once:\n  ${commands.join("\n  ")}`,
  );
}
