// Who watches what. It decides which watchers hear of an event; sending is up to the watcher.
import { parentPath } from "../paths.ts";
import type { DataTree, TreeEvent } from "./data_tree.ts";

/** A client's connection, as far as watches go. */
export interface Watcher {
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

type Table = Map<string, Set<Watcher>>;

/** All watches of all clients. */
export class WatchTable {
  readonly #data: Table = new Map();
  readonly #children: Table = new Map();
  readonly #persistent: Table = new Map();
  readonly #recursive: Table = new Map();
  readonly #tables = [this.#data, this.#children, this.#persistent, this.#recursive];
  /** Which paths a watcher may be under, so that it can be removed without a search. */
  readonly #pathsOf = new Map<Watcher, Set<string>>();

  /** How many watches there are. */
  get size(): number {
    let count = 0;
    for (const table of this.#tables) for (const watchers of table.values()) count += watchers.size;
    return count;
  }

  addData(path: string, watcher: Watcher): void {
    this.#add(this.#data, path, watcher);
  }

  addChildren(path: string, watcher: Watcher): void {
    this.#add(this.#children, path, watcher);
  }

  /** A watcher has one persistent watch per path: the later mode replaces the earlier. */
  addPersistent(path: string, recursive: boolean, watcher: Watcher): void {
    remove(recursive ? this.#persistent : this.#recursive, path, watcher);
    this.#add(recursive ? this.#recursive : this.#persistent, path, watcher);
  }

  /** Removes a watcher's watches on one path; false if there was none. */
  remove(path: string, watcher: Watcher, which: "data" | "children" | "any"): boolean {
    let removed = false;
    if (which !== "children") removed = remove(this.#data, path, watcher) || removed;
    if (which !== "data") removed = remove(this.#children, path, watcher) || removed;
    if (which === "any") {
      removed = remove(this.#persistent, path, watcher) || removed;
      removed = remove(this.#recursive, path, watcher) || removed;
    }
    return removed;
  }

  /** True if {@linkcode remove} would find one. */
  has(path: string, watcher: Watcher, which: "data" | "children" | "any"): boolean {
    return (which !== "children" && this.#data.get(path)?.has(watcher) === true) ||
      (which !== "data" && this.#children.get(path)?.has(watcher) === true) ||
      (which === "any" && (this.#persistent.get(path)?.has(watcher) === true ||
        this.#recursive.get(path)?.has(watcher) === true));
  }

  /** Forgets a watcher. */
  removeAll(watcher: Watcher): void {
    for (const path of this.#pathsOf.get(watcher) ?? []) {
      for (const table of this.#tables) remove(table, path, watcher);
    }
    this.#pathsOf.delete(watcher);
  }

  /** Tells everyone concerned, each at most once, and uses up the one-shot watches. */
  fire(event: TreeEvent): void {
    const { type, path } = event;
    const told = new Set<Watcher>();
    if (type !== "children_changed") take(this.#data, path, told);
    if (type === "children_changed" || type === "deleted") take(this.#children, path, told);
    for (const watcher of this.#persistent.get(path) ?? []) told.add(watcher);
    if (type !== "children_changed" && this.#recursive.size > 0) {
      for (let at = path;; at = parentPath(at)) {
        for (const watcher of this.#recursive.get(at) ?? []) told.add(watcher);
        if (at === "/") break;
      }
    }
    for (const watcher of told) watcher.notify(event);
  }

  /** Sets the watches of a client that has come back; what it missed since `relativeZxid`, it hears at once. */
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

  #add(table: Table, path: string, watcher: Watcher): void {
    const watchers = table.get(path);
    if (watchers === undefined) table.set(path, new Set([watcher]));
    else watchers.add(watcher);
    const paths = this.#pathsOf.get(watcher);
    if (paths === undefined) this.#pathsOf.set(watcher, new Set([path]));
    else paths.add(path);
  }
}

function take(table: Table, path: string, into: Set<Watcher>): void {
  const watchers = table.get(path);
  if (watchers === undefined) return;
  table.delete(path);
  for (const watcher of watchers) into.add(watcher);
}

function remove(table: Table, path: string, watcher: Watcher): boolean {
  const watchers = table.get(path);
  if (watchers === undefined || !watchers.delete(watcher)) return false;
  if (watchers.size === 0) table.delete(path);
  return true;
}
