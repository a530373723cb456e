/**
 * One of ZooKeeper's two tables of watches (its WatchManager, 3.8): who watches which path, and how. A watcher has one
 * watch per path and table; setting another replaces it, whatever its mode was.
 *
 * @module
 */

import { parentPath } from "../../paths.ts";
import type { TreeEvent } from "./tree_node.ts";

/** How long a watch lasts and how far it reaches. */
export type WatchMode = "one_shot" | "persistent" | "recursive";

/** Watches by path and by watcher. */
export class WatchIndex<Watcher> {
  readonly #byPath = new Map<string, Map<Watcher, WatchMode>>();
  readonly #pathsOf = new Map<Watcher, Set<string>>();
  /** Without any recursive one, no ancestor needs to be looked at. */
  #recursiveCount = 0;

  /** How many watches there are. */
  get size(): number {
    let count = 0;
    for (const watchers of this.#byPath.values()) count += watchers.size;
    return count;
  }

  /** How many of them are this watcher's. */
  countOf(watcher: Watcher): number {
    return this.#pathsOf.get(watcher)?.size ?? 0;
  }

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

  has(path: string, watcher: Watcher): boolean {
    return this.#byPath.get(path)?.has(watcher) === true;
  }

  /** False if there was none. */
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

  /** Forgets a watcher. */
  removeAll(watcher: Watcher): void {
    for (const path of [...this.#pathsOf.get(watcher) ?? []]) this.remove(path, watcher);
  }

  /** Puts everyone who hears of the event into `heard`, and uses up one-shot watches. */
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
