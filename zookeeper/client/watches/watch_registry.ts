/**
 * Which listeners wait for which events. A one-shot watch is used up by an event; a persistent one stays, across
 * connections and sessions. The registry also knows what a new connection must tell the server to restore the watches:
 * requests add listeners here, the session hands in notifications and asks for the restoring frames.
 *
 * A server keeps one watch per connection and path. Until 3.9 a one-shot watch on a path that has a persistent one
 * *replaces* it (ZOOKEEPER-4466). So where a persistent watch is set, one-shot watches are kept only here, and are
 * served from the events of the persistent one.
 *
 * In the same way a recursive watch replaces a plain one on its path until 3.8, and from 3.9 on the server keeps both. The
 * plain listeners are served from the recursive watch, and what a server then says in addition is left out.
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
  /** The mode that was sent over the present connection last; undefined if none was. */
  modeOnWire: number | undefined;
  /** True while the last `children_changed` was derived from a child's event, so that the same from the server says nothing new. */
  hasDerived: boolean;
  /** True once a server has confirmed the watch. Only then is it restored and resynchronized. */
  established: boolean;
}

/** Dependencies of a {@linkcode WatchRegistry}. */
export interface WatchRegistryOptions {
  log: Log;
  /** Turns a server's path into the caller's path, below the chroot. */
  toCallerPath(serverPath: string): string;
}

/** All watch listeners of a client. Its paths are the server's, with the chroot. */
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

  /** Adds a one-shot listener. Called when the reply to its read has arrived. */
  addOneShot(kind: OneShotKind, path: string, listener: WatchListener): void {
    const listeners = this.#oneShot[kind].get(path);
    if (listeners === undefined) this.#oneShot[kind].set(path, new Set([listener]));
    else listeners.add(listener);
  }

  /** Returns true if a read of `path` must not ask for a one-shot watch, since a persistent one covers it. */
  hasPersistentOnWire(path: string): boolean {
    return this.#persistent.get(path)?.modeOnWire !== undefined;
  }

  /** Adds a persistent listener. The result is the key that removes it. */
  addPersistent(path: string, recursive: boolean, listener: WatchListener): symbol {
    let entry = this.#persistent.get(path);
    if (entry === undefined) {
      entry = {
        listeners: new Map(),
        modeOnWire: undefined,
        hasDerived: false,
        established: false,
      };
      this.#persistent.set(path, entry);
    }
    const key = Symbol(path);
    entry.listeners.set(key, { recursive, listener });
    return key;
  }

  /** Returns the mode to ask the server for; from now on it counts as sent. */
  modeToSend(path: string): number {
    const entry = this.#persistent.get(path);
    const mode = entry !== undefined && wantsRecursive(entry)
      ? watchModes.persistentRecursive
      : watchModes.persistent;
    if (entry !== undefined) {
      entry.modeOnWire = mode;
      entry.hasDerived = false;
    }
    return mode;
  }

  /** Notes that a server has confirmed the watch: from now on it is restored on each new connection. */
  markEstablished(path: string): void {
    const entry = this.#persistent.get(path);
    if (entry !== undefined) entry.established = true;
  }

  /**
   * Removes a persistent listener. Returns true if it was the last one of the path: then the server's watch should be
   * removed as well. The one-shot watches that were served from it hear `resync`.
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
   * Removes every listener of one kind on a path without calling it. The result says whether there was one, and whether
   * the server must remove its watch, too: not where its persistent watch serves others.
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

  /** Calls every listener that waits for an event of the server. */
  dispatch(type: WatchEvent["type"], path: string): void {
    if (type === "children_changed" && this.#wasDerived(path)) return;
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

  /** The connection is lost: no server has our watches any more. */
  connectionLost(): void {
    for (const entry of this.#persistent.values()) {
      entry.modeOnWire = undefined;
      entry.hasDerived = false;
    }
  }

  /** The session is lost: a `resync` uses up the one-shot watches, since events may have been missed. */
  sessionLost(): void {
    for (const kind of oneShotKinds) {
      for (const path of [...this.#oneShot[kind].keys()]) this.#resyncOneShots(path);
    }
  }

  /**
   * Returns the frames to send over a new connection, so that the server knows all watches again. Persistent ones come
   * last, since a one-shot watch on the same path would replace them.
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

  /** Tells persistent listeners, and one-shot listeners on the same paths, to read again: a new connection has its watches. */
  resyncPersistent(): void {
    for (const [path, entry] of [...this.#persistent]) {
      if (!entry.established) continue;
      this.#resyncOneShots(path);
      for (const { listener } of [...entry.listeners.values()]) {
        this.#call(listener, "resync", path);
      }
    }
  }

  /** Derives `children_changed` of a parent, which a recursive watch does not send: it only reports the events of the children. */
  #deriveChildrenChanged(parent: string): void {
    const entry = this.#persistent.get(parent);
    if (entry?.modeOnWire !== watchModes.persistentRecursive) return;
    entry.hasDerived = true;
    this.#dispatchOneShots("children_changed", parent);
    entry.listeners.forEach(({ recursive, listener }) => {
      if (!recursive) this.#call(listener, "children_changed", parent);
    });
  }

  /** Returns true if `children_changed` of this node was derived from the event before: servers send the child's event first. */
  #wasDerived(path: string): boolean {
    const entry = this.#persistent.get(path);
    if (entry === undefined || !entry.hasDerived) return false;
    entry.hasDerived = false;
    return true;
  }

  #dispatchOneShots(type: WatchEvent["type"], path: string): void {
    if (type === "children_changed") {
      this.#use("children", path, type);
      return;
    }
    // A listener that waits for a node in two ways hears of one event once.
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
