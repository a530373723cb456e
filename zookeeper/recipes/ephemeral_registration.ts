/**
 * Registers one ephemeral node for the present session and replaces a node that an earlier session of the same host
 * left. For users of the library; Rollcall's own registration (`coordination/registration.ts`) also refuses to replace
 * the node of another machine, and changes the admission counter in the same transaction.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode, ZooKeeperError } from "../errors.ts";
import type { CallOptions, NodeData } from "../types.ts";

/**
 * An attempt fails if the connection is lost, or if a node appears or vanishes in between. More than this many
 * failures in a row are an error.
 */
const maxAttempts = 10;

/** Options of {@linkcode registerEphemeral}. */
export interface RegisterEphemeralOptions extends CallOptions {
  /** Default: empty. */
  data?: NodeData | undefined;
}

/**
 * Makes `path` an ephemeral node of this client's present session, with `data`.
 *
 * Safe against a lost reply (a node of this session counts as the caller's) and against ghosts: a node of another session,
 * such as the one of this host before a restart, is deleted and created again. So only one host may use the path. Call it
 * again in each new session (`connected` after `expired`).
 *
 * @throws {ZooKeeperError} `NODE_EXISTS` if a persistent node is in the way; `NO_NODE` if the parent is
 * missing; `SESSION_EXPIRED` if the session ends meanwhile.
 */
export async function registerEphemeral(
  zk: ZooKeeper,
  path: string,
  options: RegisterEphemeralOptions = {},
): Promise<void> {
  const { data, ...callOptions } = options;
  for (let attempt = 1;; attempt++) {
    try {
      if (await attemptOnce(zk, path, data, callOptions)) return;
    } catch (error) {
      if (attempt >= maxAttempts || !hasCode(error, "CONNECTION_LOSS")) throw error;
    }
    if (attempt >= maxAttempts) {
      throw new ZooKeeperError({
        code: "NODE_EXISTS",
        operation: "registerEphemeral",
        path,
        detail: `another session made it again ${maxAttempts} times; ` +
          "is a second host running under the same name?",
      });
    }
  }
}

/** Returns true if the node stands, false if something changed in between and the attempt should be repeated. */
async function attemptOnce(
  zk: ZooKeeper,
  path: string,
  data: NodeData | undefined,
  options: CallOptions,
): Promise<boolean> {
  try {
    await zk.create(path, data, { ...options, mode: "ephemeral" });
    return true;
  } catch (error) {
    if (!hasCode(error, "NODE_EXISTS")) throw error;
    const stat = await zk.exists(path, options);
    if (stat === null) return false;
    if (stat.ephemeralOwner === 0n) throw error;
    try {
      if (stat.ephemeralOwner === zk.sessionId) {
        await zk.set(path, data ?? "", { ...options, version: stat.version });
        return true;
      }
      await zk.delete(path, { ...options, version: stat.version });
    } catch (change) {
      if (!hasCode(change, "NO_NODE", "BAD_VERSION")) throw change;
    }
    return false;
  }
}
