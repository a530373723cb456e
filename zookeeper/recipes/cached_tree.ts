/**
 * A copy of a subtree in memory, kept up to date by one persistent recursive watch. For users of the library.
 *
 * @module
 */

import type { ZooKeeper } from "../client/zookeeper.ts";
import { hasCode, ZooKeeperError } from "../errors.ts";
import { op } from "../operations.ts";
import { childPath, isWithin, parentPath } from "../paths.ts";
import type { CallOptions, Stat, Watch, WatchEvent } from "../types.ts";
import { retry } from "./retry.ts";

/** One node of the copy. */
export interface CachedNode {
  /** Its data at the last read. */
  readonly data: Uint8Array;
  /** Its stat at the last read; `numChildren` and `cversion` may lag behind. */
  readonly stat: Stat;
}

/** Options of {@linkcode CachedTree.open}. */
export interface CachedTreeOptions extends CallOptions {
  /** Called after nodes of the copy have changed, with their paths. Changes that arrive together are told together. */
  onChange?: ((paths: ReadonlySet<string>) => void) | undefined;
  /** Called if the copy cannot be kept up to date any more, as when the client was closed. Default: nothing happens. */
  onFailure?: ((error: unknown) => void) | undefined;
}

/** Number of nodes that one request reads: replies stay well below a server's limit even with larger nodes. */
const readsPerRequest = 128;

/**
 * A copy of all nodes at and below a path. It lags behind the server by the delay of watch events, and never shows an
 * older state of a node after a newer one. After a lost connection or an expired session it reads everything again.
 */
export class CachedTree {
  readonly #zk: ZooKeeper;
  readonly #path: string;
  readonly #options: CachedTreeOptions;
  readonly #nodes = new Map<string, CachedNode>();
  /** Paths that must be read again; true: together with everything below. */
  #stale = new Map<string, boolean>();
  #working: Promise<void> | undefined;
  #watch: Watch | undefined;
  readonly #ending = new AbortController();
  #closed = false;

  private constructor(zk: ZooKeeper, path: string, options: CachedTreeOptions) {
    this.#zk = zk;
    this.#path = path;
    this.#options = options;
  }

  /** Reads the subtree and begins to follow it. The path need not exist. */
  static async open(
    zk: ZooKeeper,
    path: string,
    options: CachedTreeOptions = {},
  ): Promise<CachedTree> {
    const { signal, timeoutMs } = options;
    const tree = new CachedTree(zk, path, options);
    // The watch comes first, so that every change after the read causes an event.
    tree.#watch = await zk.watch(
      path,
      { recursive: true, signal, timeoutMs },
      (event) => tree.#onEvent(event),
    );
    tree.#stale.set(path, true);
    try {
      await tree.#work();
    } catch (error) {
      await tree.close();
      throw error;
    }
    return tree;
  }

  /** Returns a node of the copy. */
  get(path: string): CachedNode | undefined {
    return this.#nodes.get(path);
  }

  /** Returns the paths of all nodes, in no order. */
  paths(): IterableIterator<string> {
    return this.#nodes.keys();
  }

  /** Returns the names of a node's children, in no order. */
  children(path: string): string[] {
    const names: string[] = [];
    for (const each of this.#nodes.keys()) {
      if (each !== path && parentPath(each) === path) {
        names.push(each.slice(each.lastIndexOf("/") + 1));
      }
    }
    return names;
  }

  /** Number of nodes. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Resolves once the copy shows every change whose event has arrived. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Stops the updates; the copy stays as it is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stale.clear();
    this.#ending.abort(new Error("the cached tree was closed"));
    await this.#watch?.remove();
    // A read under way may fail now, which matters to nobody any more.
    await this.#working?.catch(() => {});
  }

  #onEvent({ type, path }: WatchEvent): void {
    if (this.#closed) return;
    const whole = type === "resync";
    this.#stale.set(path, whole || this.#stale.get(path) === true);
    // `open` runs the first read itself.
    if (this.#watch === undefined || this.#working !== undefined) return;
    this.#work().catch((error) => {
      if (!this.#closed) this.#options.onFailure?.(error);
    });
  }

  #work(): Promise<void> {
    this.#working ??= this.#readStale().finally(() => this.#working = undefined);
    return this.#working;
  }

  async #readStale(): Promise<void> {
    while (this.#stale.size > 0 && !this.#closed) {
      const stale = this.#stale;
      this.#stale = new Map();
      const changed = new Set<string>();
      try {
        const whole = [...stale].filter(([, whole]) => whole).map(([path]) => path);
        for (const path of whole) await this.#readWhole(path, changed);
        const single = [...stale.keys()].filter((path) =>
          !whole.some((top) => isWithin(path, top))
        );
        await this.#readNodes(single, changed);
      } catch (error) {
        if (!hasCode(error, "SESSION_EXPIRED", "OPERATION_TIMEOUT", "CONNECTION_LOSS")) throw error;
        // Nothing can be read without a connection; an outage is no reason to give up.
        for (const [path, whole] of stale) this.#stale.set(path, whole);
        if (this.#closed) return;
        await this.#zk.connected({ timeoutMs: longestWaitMs, signal: this.#ending.signal });
      }
      if (changed.size > 0) this.#options.onChange?.(changed);
    }
  }

  /** Reads a node and everything below it, level by level, and drops what is not there any more. */
  async #readWhole(top: string, changed: Set<string>): Promise<void> {
    const seen = new Set<string>();
    for (let level = [top]; level.length > 0;) {
      const next: string[] = [];
      await this.#readNodes(level, changed);
      for (const part of slices(level)) {
        const lists = await retry(() => this.#zk.multiRead(part.map((path) => op.children(path))));
        lists.forEach((list, index) => {
          const path = part[index];
          if (path === undefined || !("kind" in list) || list.kind !== "children") return;
          seen.add(path);
          for (const name of list.children) next.push(childPath(path, name));
        });
      }
      level = next;
    }
    for (const path of this.#nodes.keys()) {
      if (isWithin(path, top) && !seen.has(path)) {
        this.#nodes.delete(path);
        changed.add(path);
      }
    }
  }

  async #readNodes(paths: readonly string[], changed: Set<string>): Promise<void> {
    for (const part of slices(paths)) {
      const results = await retry(() => this.#zk.multiRead(part.map((path) => op.get(path))));
      results.forEach((result, index) => {
        const path = part[index];
        if (path === undefined) return;
        if (result instanceof ZooKeeperError) {
          if (this.#nodes.delete(path)) changed.add(path);
        } else if (result.kind === "get") {
          const known = this.#nodes.get(path);
          // After a reconnect, a server that lags behind may answer with an older state.
          if (known !== undefined && known.stat.mzxid > result.stat.mzxid) return;
          if (known?.stat.mzxid !== result.stat.mzxid) changed.add(path);
          this.#nodes.set(path, { data: result.data, stat: result.stat });
        }
      });
    }
  }
}

/** The longest time-out that a timer takes, in ms (24 days): an ensemble may be away for long, and the client tries for ever. */
const longestWaitMs = 2 ** 31 - 1;

function slices<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += readsPerRequest) {
    parts.push(items.slice(at, at + readsPerRequest));
  }
  return parts;
}
