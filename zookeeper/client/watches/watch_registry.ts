/**
 * Which listeners wait for what. One-shot watches are used up by an event; persistent ones stay, across connections
 * and sessions. It also knows what must be told to a server to restore them.
 *
 * A server keeps one watch per connection and path. Until 3.9 a one-shot watch on a path that has a persistent one
 * *replaces* it (ZOOKEEPER-4466). So where a persistent watch is set, one-shot watches are kept here alone and are
 * served from the persistent one's events.
 *
 * @module
 */

import type { Log } from "../../log.ts";
import { isWithin, parentPath } from "../../paths.ts";
import type { WatchEvent, WatchKind, WatchListener } from "../../types.ts";
import { watchModes } from "../../wire/protocol.ts";
import { type RestoreFrame, restoreFrames } from "./restore_frames.ts";

/** The three kinds of one-shot watch: data of a node, a node that does not exist, children of a node. */
export type OneShotKind = "data" | "exists" | "children";

const oneShotKinds = ["data", "exists", "children"] as const;

interface PersistentEntry {
  listeners: Map<symbol, { recursive: boolean; listener: WatchListener }>;
  /** The mode last sent over the present connection; undefined: not sent yet. */
  modeOnWire: number | undefined;
  /** True once a server has confirmed it: only then is it restored and resynchronized. */
  established: boolean;
}

/** What a {@linkcode WatchRegistry} is handed. */
export interface WatchRegistryOptions {
  log: Log;
  /** Turns a path of the server into one of the caller, below the chroot. */
  toCallerPath(serverPath: string): string;
}

/** All paths here are the server's, with the chroot. */
export class WatchRegistry {
  readonly #options: WatchRegistryOptions;
  readonly #oneShot: Record<OneShotKind, Map<string, Set<WatchListener>>> = {
    data: new Map(),
    exists: new Map(),
    children: new Map(),
  };
  readonly #persistent = new Map<string, PersistentEntry>();

  constructor(options: WatchRegistryOptions) {
    this.#options = options;
  }

  /** Adds a one-shot listener, once its read has been answered. */
  addOneShot(kind: OneShotKind, path: string, listener: WatchListener): void {
    const listeners = this.#oneShot[kind].get(path);
    if (listeners === undefined) this.#oneShot[kind].set(path, new Set([listener]));
    else listeners.add(listener);
  }

  /** True if a read of `path` must not ask for a one-shot watch, since a persistent one covers it. */
  hasPersistentOnWire(path: string): boolean {
    return this.#persistent.get(path)?.modeOnWire !== undefined;
  }

  /** Adds a persistent listener; the result is the key to remove it. */
  addPersistent(path: string, recursive: boolean, listener: WatchListener): symbol {
    let entry = this.#persistent.get(path);
    if (entry === undefined) {
      entry = { listeners: new Map(), modeOnWire: undefined, established: false };
      this.#persistent.set(path, entry);
    }
    const key = Symbol(path);
    entry.listeners.set(key, { recursive, listener });
    return key;
  }

  /** The mode to ask the server for; from now on it counts as sent. */
  modeToSend(path: string): number {
    const entry = this.#persistent.get(path);
    const mode = entry !== undefined && wantsRecursive(entry)
      ? watchModes.persistentRecursive
      : watchModes.persistent;
    if (entry !== undefined) entry.modeOnWire = mode;
    return mode;
  }

  /** A server has confirmed the watch: from now on it is restored on each new connection. */
  markEstablished(path: string): void {
    const entry = this.#persistent.get(path);
    if (entry !== undefined) entry.established = true;
  }

  /**
   * Removes a persistent listener. True if it was the path's last: then the server's watch should go
   * as well, and the one-shot watches that leaned on it are told to read again.
   */
  removePersistent(path: string, key: symbol): boolean {
    const entry = this.#persistent.get(path);
    if (entry === undefined || !entry.listeners.delete(key) || entry.listeners.size > 0) {
      return false;
    }
    this.#persistent.delete(path);
    this.#resyncOneShots(path);
    return true;
  }

  /**
   * Forgets every listener of one kind on a path; none of them is called. The result says whether there
   * was one, and whether the server should hear of it: not where its persistent watch serves others.
   */
  drop(path: string, kind: WatchKind): "nothing" | "here" | "at_server" {
    const kinds: OneShotKind[] = kind === "any"
      ? [...oneShotKinds]
      : kind === "data"
      ? ["data", "exists"]
      : ["children"];
    let found = false;
    for (const each of kinds) found = this.#oneShot[each].delete(path) || found;
    if (kind === "any") found = this.#persistent.delete(path) || found;
    if (!found) return "nothing";
    return this.#persistent.has(path) ? "here" : "at_server";
  }

  /** Hands an event from the server to everyone who waits for it. */
  dispatch(type: WatchEvent["type"], path: string): void {
    this.#dispatchOneShots(type, path);
    this.#persistent.get(path)?.listeners.forEach(({ recursive, listener }) => {
      if (!recursive) this.#call(listener, type, path);
    });
    if (type === "children_changed") return;
    if (type !== "data_changed" && path !== "/") this.#deriveChildrenChanged(parentPath(path));
    for (const [watched, entry] of this.#persistent) {
      if (!isWithin(path, watched)) continue;
      entry.listeners.forEach(({ recursive, listener }) => {
        if (recursive) this.#call(listener, type, path);
      });
    }
  }

  /** The connection is gone: nothing is set at any server. */
  connectionLost(): void {
    for (const entry of this.#persistent.values()) entry.modeOnWire = undefined;
  }

  /** The session is gone: one-shot watches are used up by a `resync`, since nobody can say what they missed. */
  sessionLost(): void {
    for (const kind of oneShotKinds) {
      for (const path of [...this.#oneShot[kind].keys()]) this.#resyncOneShots(path);
    }
  }

  /**
   * What must be sent on a new connection so that the server knows all watches again. Persistent ones
   * come last, as they would be replaced otherwise.
   */
  restoreFrames(lastZxid: bigint): RestoreFrame[] {
    const oneShots = oneShotKinds.map((kind) =>
      [...this.#oneShot[kind].keys()].filter((path) => !this.#persistent.get(path)?.established)
    );
    const plain: string[] = [];
    const recursive: string[] = [];
    for (const [path, entry] of this.#persistent) {
      if (!entry.established) continue;
      const wantsAll = wantsRecursive(entry);
      (wantsAll ? recursive : plain).push(path);
      entry.modeOnWire = wantsAll ? watchModes.persistentRecursive : watchModes.persistent;
    }
    return restoreFrames(lastZxid, { oneShots, plain, recursive });
  }

  /** After the watches were set on a new connection: persistent listeners, and whoever leans on them, should read again. */
  resyncPersistent(): void {
    for (const [path, entry] of [...this.#persistent]) {
      if (!entry.established) continue;
      this.#resyncOneShots(path);
      for (const { listener } of [...entry.listeners.values()]) {
        this.#call(listener, "resync", path);
      }
    }
  }

  /** A recursive watch tells of children by their own events; whoever listens for `children_changed` needs it derived. */
  #deriveChildrenChanged(parent: string): void {
    const entry = this.#persistent.get(parent);
    if (entry?.modeOnWire !== watchModes.persistentRecursive) return;
    this.#dispatchOneShots("children_changed", parent);
    entry.listeners.forEach(({ recursive, listener }) => {
      if (!recursive) this.#call(listener, "children_changed", parent);
    });
  }

  #dispatchOneShots(type: WatchEvent["type"], path: string): void {
    if (type === "children_changed") {
      this.#use("children", path, type);
      return;
    }
    // A listener that waits in two ways for one node hears of one event once.
    const called = new Set<WatchListener>();
    this.#use("data", path, type, called);
    this.#use("exists", path, type, called);
    if (type === "deleted") this.#use("children", path, type, called);
  }

  #resyncOneShots(path: string): void {
    for (const kind of oneShotKinds) this.#use(kind, path, "resync");
  }

  #use(
    kind: OneShotKind,
    path: string,
    type: WatchEvent["type"],
    called = new Set<WatchListener>(),
  ): void {
    const listeners = this.#oneShot[kind].get(path);
    if (listeners === undefined) return;
    this.#oneShot[kind].delete(path);
    for (const listener of listeners) {
      if (called.has(listener)) continue;
      called.add(listener);
      this.#call(listener, type, path);
    }
  }

  #call(listener: WatchListener, type: WatchEvent["type"], path: string): void {
    try {
      listener({ type, path: this.#options.toCallerPath(path) });
    } catch (error) {
      this.#options.log.error("watch listener threw", { path, type, error });
    }
  }
}

function wantsRecursive(entry: PersistentEntry): boolean {
  for (const { recursive } of entry.listeners.values()) if (recursive) return true;
  return false;
}
