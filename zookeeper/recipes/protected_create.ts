/**
 * A sequential create that survives a lost reply and an expired session: a random id in the node's name shows whether
 * an earlier attempt succeeded. For users of the library.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode, ZooKeeperError } from "../errors.ts";
import { baseName, childPath, parentPath } from "../paths.ts";
import { secureRandomBytes } from "../random.ts";
import type { CallOptions, CreateOptions, NodeData } from "../types.ts";
import { retry } from "./retry.ts";

/** Options of {@linkcode createProtected}. */
export interface ProtectedCreateOptions extends Omit<CreateOptions, "mode"> {
  /** Default: empty. */
  data?: NodeData | undefined;
  /** Default `persistent_sequential`. */
  mode?: "persistent_sequential" | "ephemeral_sequential" | undefined;
  /**
   * Id of the node: letters, digits, `.` and `_`, at most 64. A call with the id of an earlier call, which gave up at its
   * deadline or ended with its process, finds the node of that call, if it was created. Default: 128 random bits.
   */
  id?: string | undefined;
}

/**
 * Creates `<parent>/_c_<id>-<name><sequence>` exactly once and returns its path. After a lost connection or session it
 * looks for its id among the children before it tries again. An ephemeral node of an earlier session is deleted and
 * created again, so that it belongs to the present session.
 *
 * Order the children by {@linkcode sequenceNumber}, not by name.
 *
 * @throws {ZooKeeperError} whatever `create` throws beyond `CONNECTION_LOSS` and `SESSION_EXPIRED`;
 * `BAD_ARGUMENTS` for an invalid id. After `OPERATION_TIMEOUT` and after an abort the node may exist or
 * still be created; only a call with the same `id` can tell.
 */
export async function createProtected(
  zk: ZooKeeper,
  path: string,
  options: ProtectedCreateOptions = {},
): Promise<string> {
  const { data, mode = "persistent_sequential", id, ...rest } = options;
  if (id !== undefined && !/^[A-Za-z0-9._]{1,64}$/.test(id)) {
    throw new ZooKeeperError({
      code: "BAD_ARGUMENTS",
      operation: "createProtected",
      path,
      detail: `expected an id of at most 64 letters, digits, "." and "_", "${id}" was there`,
    });
  }
  const parent = parentPath(path);
  const prefix = `_c_${id ?? newId()}-`;
  const protectedPath = childPath(parent, prefix + baseName(path));
  return await retry(async (attempt) => {
    if (attempt > 1 || id !== undefined) {
      const found = await findOwn(zk, parent, { ...rest, prefix });
      if (found !== undefined) return found;
    }
    return await zk.create(protectedPath, data, { ...rest, mode });
  });
}

async function findOwn(
  zk: ZooKeeper,
  parent: string,
  options: CallOptions & { prefix: string },
): Promise<string | undefined> {
  const { prefix, signal, timeoutMs } = options;
  // The present server may lag behind the one that executed the create.
  await zk.sync(parent, { signal, timeoutMs });
  const { children } = await zk.children(parent, { signal, timeoutMs });
  const name = children.find((child) => child.startsWith(prefix));
  if (name === undefined) return undefined;
  const path = childPath(parent, name);
  const stat = await zk.exists(path, { signal, timeoutMs });
  if (stat === null) return undefined;
  if (stat.ephemeralOwner === 0n || stat.ephemeralOwner === zk.sessionId) return path;
  try {
    await zk.delete(path, { signal, timeoutMs });
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
  return undefined;
}

/** Returns the number that ZooKeeper appended to a sequential node's name; NaN if there is none. */
export function sequenceNumber(nameOrPath: string): number {
  const digits = /\d{10}$/.exec(nameOrPath)?.[0];
  return digits === undefined ? NaN : Number(digits);
}

function newId(): string {
  return Array.from(secureRandomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
