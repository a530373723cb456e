/**
 * A place in an ordered queue. Each one watches only the one before it, so that a departure wakes one client and not
 * all.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode, ZooKeeperError } from "../errors.ts";
import { baseName, childPath, parentPath } from "../paths.ts";
import type { CallOptions, NodeData } from "../types.ts";
import { createProtected, sequenceNumber } from "./protected_create.ts";
import { retry } from "./retry.ts";

/** Options of {@linkcode joinQueue}. */
export interface JoinQueueOptions extends CallOptions {
  /** What our entry says. Default: empty. */
  data?: NodeData | undefined;
  /** Default true: the place is lost with the session. A persistent one waits for its owner to come back. */
  ephemeral?: boolean | undefined;
  /**
   * What our entry is known by, as in {@linkcode ProtectedCreateOptions}: whoever joins again under the id
   * of an entry that is still there gets that place back. Default: a fresh one.
   */
  id?: string | undefined;
}

/** Our entry in a queue. */
export interface QueuePlace {
  /** The entry's path. */
  readonly path: string;
  /** Whoever stands before us, first come first; a missing entry of our own is an error. */
  before(options?: CallOptions): Promise<string[]>;
  /**
   * Waits until nobody stands before us. It has no deadline of its own: `signal` ends it.
   *
   * @throws {ZooKeeperError} `NO_NODE` if our entry is gone: the session has expired, or somebody removed us.
   */
  turn(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Leaves the queue; harmless to repeat. */
  leave(options?: CallOptions): Promise<void>;
}

/**
 * Takes the last place of the queue whose entries are the children of `parent`, under a name that begins with
 * `name`. Safe against a lost reply and an expired session: there is one entry of ours, and an ephemeral one
 * belongs to the session that there is when this resolves.
 */
export async function joinQueue(
  zk: ZooKeeper,
  path: string,
  options: JoinQueueOptions = {},
): Promise<QueuePlace> {
  const { data, ephemeral = true, id, signal, timeoutMs } = options;
  const entry = await createProtected(zk, path, {
    data,
    id,
    signal,
    timeoutMs,
    mode: ephemeral ? "ephemeral_sequential" : "persistent_sequential",
  });
  return new Place(zk, entry);
}

class Place implements QueuePlace {
  readonly path: string;
  readonly #zk: ZooKeeper;

  constructor(zk: ZooKeeper, path: string) {
    this.#zk = zk;
    this.path = path;
  }

  before(options: CallOptions = {}): Promise<string[]> {
    return retry(async () => {
      const parent = parentPath(this.path);
      const { children } = await this.#zk.children(parent, options);
      const own = baseName(this.path);
      if (!children.includes(own)) throw this.#gone();
      const number = sequenceNumber(own);
      return children.filter((name) => sequenceNumber(name) < number)
        .sort((a, b) => sequenceNumber(a) - sequenceNumber(b))
        .map((name) => childPath(parent, name));
    });
  }

  async turn(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    for (;;) {
      const predecessor = (await this.before({ signal })).at(-1);
      if (predecessor === undefined) return;
      await this.#change(predecessor, signal);
    }
  }

  leave(options: CallOptions = {}): Promise<void> {
    return retry(async () => {
      try {
        await this.#zk.delete(this.path, options);
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
      }
    });
  }

  /** Resolves at the first event of a node, or at once if it is gone; an expired session counts as an event. */
  async #change(path: string, signal: AbortSignal | undefined): Promise<void> {
    const event = Promise.withResolvers<void>();
    const onAbort = () => event.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const stat = await retry(() =>
        this.#zk.exists(path, { signal, watch: () => event.resolve() })
      );
      if (stat !== null) await event.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #gone(): ZooKeeperError {
    return new ZooKeeperError({
      code: "NO_NODE",
      operation: "queue",
      path: this.path,
      detail: "our place in the queue is gone: the session has expired or somebody removed it; " +
        "join again",
    });
  }
}
