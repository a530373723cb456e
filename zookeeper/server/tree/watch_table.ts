/**
 * All watches of all clients. It decides which watchers hear of an event; the watcher sends the notification.
 *
 * @module
 */

import type { WatchKind } from "../../types.ts";
import type { DataTree } from "./data_tree.ts";
import type { TreeEvent } from "./tree_node.ts";
import { WatchIndex } from "./watch_index.ts";

/** The receiver of watch events: a client's connection. */
export interface Watcher {
  /** Its session; undefined if it has none. */
  readonly session?: { readonly id: bigint } | undefined;
  /** Is called for each event of a watch. */
  notify(event: TreeEvent): void;
}

/** The lists of a `setWatches` request. */
export interface RestoredWatches {
  relativeZxid: bigint;
  data: readonly string[];
  exists: readonly string[];
  children: readonly string[];
  persistent: readonly string[];
  persistentRecursive: readonly string[];
}

/** All watches, in ZooKeeper's two tables: those on nodes and their data, and those on their children. */
export class WatchTable {
  readonly #data = new WatchIndex<Watcher>();
  readonly #children = new WatchIndex<Watcher>();

  /** Number of watches. */
  get size(): number {
    return this.#data.size + this.#children.size;
  }

  /** Returns every path with a watch on the node or its data, with its watchers: what the four-letter words tell of. */
  dataWatches(): Iterable<{ path: string; watchers: Iterable<Watcher> }> {
    return this.#data.entries();
  }

  /** Returns the number of watches of a watcher. */
  countOf(watcher: Watcher): number {
    return this.#data.countOf(watcher) + this.#children.countOf(watcher);
  }

  /** Sets a one-shot watch on a node and its data. */
  addData(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher, "one_shot");
  }

  /** Sets a one-shot watch on the children of a node. */
  addChildren(path: string, watcher: Watcher): void {
    this.#children.add(path, watcher, "one_shot");
  }

  /** Sets a persistent watch. */
  addPersistent(path: string, recursive: boolean, watcher: Watcher): void {
    const mode = recursive ? "recursive" : "persistent";
    this.#data.add(path, watcher, mode);
    this.#children.add(path, watcher, mode);
  }

  /** Removes a watcher's watches on one path, of any mode; returns false if there was none. */
  remove(path: string, watcher: Watcher, which: WatchKind): boolean {
    const children = which !== "data" && this.#children.remove(path, watcher);
    const data = which !== "children" && this.#data.remove(path, watcher);
    return children || data;
  }

  /** Returns true if {@linkcode remove} would find a watch. */
  has(path: string, watcher: Watcher, which: WatchKind): boolean {
    return (which !== "children" && this.#data.has(path, watcher)) ||
      (which !== "data" && this.#children.has(path, watcher));
  }

  /** Removes all watches of a watcher. */
  removeAll(watcher: Watcher): void {
    this.#data.removeAll(watcher);
    this.#children.removeAll(watcher);
  }

  /** Notifies every watcher of the event, each at most once, and uses up the one-shot watches. */
  fire(event: TreeEvent): void {
    const heard = new Set<Watcher>();
    if (event.type !== "children_changed") this.#data.trigger(event, heard);
    if (event.type === "children_changed" || event.type === "deleted") {
      this.#children.trigger(event, heard);
    }
    for (const watcher of heard) watcher.notify(event);
  }

  /** Sets the watches of a client that has reconnected. It hears at once of what it missed since `relativeZxid`. */
  restore(watches: RestoredWatches, tree: DataTree, watcher: Watcher): void {
    const { relativeZxid } = watches;
    for (const path of watches.data) {
      const node = tree.find(path);
      if (node === undefined) watcher.notify({ type: "deleted", path });
      else if (node.mzxid > relativeZxid) watcher.notify({ type: "data_changed", path });
      else this.addData(path, watcher);
    }
    for (const path of watches.exists) {
      if (tree.find(path) !== undefined) watcher.notify({ type: "created", path });
      else this.addData(path, watcher);
    }
    for (const path of watches.children) {
      const node = tree.find(path);
      if (node === undefined) watcher.notify({ type: "deleted", path });
      else if (node.pzxid > relativeZxid) watcher.notify({ type: "children_changed", path });
      else this.addChildren(path, watcher);
    }
    for (const path of watches.persistent) this.addPersistent(path, false, watcher);
    for (const path of watches.persistentRecursive) this.addPersistent(path, true, watcher);
  }
}
