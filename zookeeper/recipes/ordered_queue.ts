/**
 * A place in an ordered queue. Each client watches only the entry before its own, so that a departure wakes one client
 * and not all. For users of the library; Rollcall's staging queue (`coordination/staging_queue.ts`) is read as a whole
 * by every host, which looks at much more than the order.
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
  /** Data of the entry. Default: empty. */
  data?: NodeData | undefined;
  /** Whether the place is lost with the session. Default true. A persistent place waits for its owner to come back. */
  ephemeral?: boolean | undefined;
  /**
   * Id of the entry, as in {@linkcode ProtectedCreateOptions}: a call with the id of an entry that still stands gets that
   * place back. Default: a new random id.
   */
  id?: string | undefined;
}

/** The caller's entry in a queue. */
export interface QueuePlace {
  /** The entry's path. */
  readonly path: string;
  /** Returns the paths of the entries before this one, in order. Fails if this entry is gone. */
  before(options?: CallOptions): Promise<string[]>;
  /**
   * Resolves once this entry is the first. It has no deadline of its own: `signal` ends it.
   *
   * @throws {ZooKeeperError} `NO_NODE` if this entry is gone: the session has expired, or somebody removed the entry.
   */
  turn(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Leaves the queue. Harmless to repeat. */
  leave(options?: CallOptions): Promise<void>;
}

/**
 * Joins the end of the queue whose entries are the children of the parent of `path`; the last component of `path` begins
 * the entry's name. Safe against a lost reply and an expired session: the caller has exactly one entry, and an ephemeral
 * one belongs to the session that is current when this resolves.
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

  /** Resolves at the first event of a node, or at once if it does not exist; an expired session counts as an event. */
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
