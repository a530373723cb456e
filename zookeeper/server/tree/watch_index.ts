/**
 * One of ZooKeeper's two tables of watches (its WatchManager, 3.8): which watcher watches which path in which mode. A
 * watcher has one watch per path and table; setting another one replaces it, whatever its mode.
 *
 * @module
 */

import { parentPath } from "../../paths.ts";
import type { TreeEvent } from "./tree_node.ts";

/** The mode of a watch: used up by one event, persistent, or persistent for everything below the path as well. */
export type WatchMode = "one_shot" | "persistent" | "recursive";

/** Watches by path and by watcher. */
export class WatchIndex<Watcher> {
  readonly #byPath = new Map<string, Map<Watcher, WatchMode>>();
  readonly #pathsOf = new Map<Watcher, Set<string>>();
  /** Number of recursive watches; if it is 0, no ancestor of a path needs to be looked up. */
  #recursiveCount = 0;

  /** Number of watches. */
  get size(): number {
    let count = 0;
    for (const watchers of this.#byPath.values()) count += watchers.size;
    return count;
  }

  /** Returns every path that is watched, with its watchers. */
  *entries(): Generator<{ path: string; watchers: Iterable<Watcher> }> {
    for (const [path, watchers] of this.#byPath) yield { path, watchers: watchers.keys() };
  }

  /** Returns the number of watches of a watcher. */
  countOf(watcher: Watcher): number {
    return this.#pathsOf.get(watcher)?.size ?? 0;
  }

  /** Sets a watch. */
  add(path: string, watcher: Watcher, mode: WatchMode): void {
    let watchers = this.#byPath.get(path);
    if (watchers === undefined) this.#byPath.set(path, watchers = new Map());
    if (watchers.get(watcher) === "recursive") this.#recursiveCount--;
    if (mode === "recursive") this.#recursiveCount++;
    watchers.set(watcher, mode);
    const paths = this.#pathsOf.get(watcher);
    if (paths === undefined) this.#pathsOf.set(watcher, new Set([path]));
    else paths.add(path);
  }

  /** Returns true if the watcher watches the path. */
  has(path: string, watcher: Watcher): boolean {
    return this.#byPath.get(path)?.has(watcher) === true;
  }

  /** Removes a watch; returns false if there was none. */
  remove(path: string, watcher: Watcher): boolean {
    const watchers = this.#byPath.get(path);
    const mode = watchers?.get(watcher);
    if (watchers === undefined || mode === undefined) return false;
    if (mode === "recursive") this.#recursiveCount--;
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    const paths = this.#pathsOf.get(watcher);
    paths?.delete(path);
    if (paths?.size === 0) this.#pathsOf.delete(watcher);
    return true;
  }

  /** Removes all watches of a watcher. */
  removeAll(watcher: Watcher): void {
    for (const path of [...this.#pathsOf.get(watcher) ?? []]) this.remove(path, watcher);
  }

  /** Adds every watcher that hears of the event to `heard`, and uses up one-shot watches. */
  trigger({ type, path }: TreeEvent, heard: Set<Watcher>): void {
    for (const [watcher, mode] of [...this.#byPath.get(path) ?? []]) {
      if (mode === "recursive") continue;
      heard.add(watcher);
      if (mode === "one_shot") this.remove(path, watcher);
    }
    if (type === "children_changed" || this.#recursiveCount === 0) return;
    for (let at = path;; at = parentPath(at)) {
      for (const [watcher, mode] of this.#byPath.get(at) ?? []) {
        if (mode === "recursive") heard.add(watcher);
      }
      if (at === "/") return;
    }
  }
}
