// A sequential create that survives a lost reply: an id in the name tells whether it happened.
import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode } from "../errors.ts";
import { baseName, childPath, parentPath } from "../paths.ts";
import { secureRandomBytes } from "../random.ts";
import type { CreateOptions, NodeData } from "../types.ts";

/** Options of {@linkcode createProtected}. */
export interface ProtectedCreateOptions extends Omit<CreateOptions, "mode"> {
  /** Default: empty. */
  data?: NodeData | undefined;
  /** Default `persistent_sequential`. */
  mode?: "persistent_sequential" | "ephemeral_sequential" | undefined;
}

/** More than this many connections lost in a row is no accident; the caller should hear of it. */
const maxAttempts = 10;

/**
 * Creates `<parent>/_c_<id>-<name><sequence>` exactly once and returns its path. After a lost
 * connection it looks for its own id among the children before it tries again. An ephemeral one that a
 * session left which is gone by now is deleted and made again.
 *
 * Order the children by {@linkcode sequenceNumber}, not by name.
 *
 * @throws {ZooKeeperError} whatever `create` throws beyond `CONNECTION_LOSS`.
 */
export async function createProtected(
  zk: ZooKeeper,
  path: string,
  options: ProtectedCreateOptions = {},
): Promise<string> {
  const { data, mode = "persistent_sequential", ...rest } = options;
  const parent = parentPath(path);
  const prefix = `_c_${newId()}-`;
  const protectedPath = childPath(parent, prefix + baseName(path));
  for (let attempt = 1;; attempt++) {
    try {
      if (attempt > 1) {
        const found = await findOwn(zk, parent, prefix, rest);
        if (found !== undefined) return found;
      }
      return await zk.create(protectedPath, data, { ...rest, mode });
    } catch (error) {
      if (attempt >= maxAttempts || !hasCode(error, "CONNECTION_LOSS")) throw error;
    }
  }
}

async function findOwn(
  zk: ZooKeeper,
  parent: string,
  prefix: string,
  options: Omit<ProtectedCreateOptions, "mode" | "data">,
): Promise<string | undefined> {
  const { signal, timeoutMs } = options;
  // The server we are on now may lag behind the one that took the create.
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

/** The number that ZooKeeper appended to a sequential node's name; NaN if there is none. */
export function sequenceNumber(nameOrPath: string): number {
  const digits = /\d{10}$/.exec(nameOrPath)?.[0];
  return digits === undefined ? NaN : Number(digits);
}

function newId(): string {
  return Array.from(secureRandomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
