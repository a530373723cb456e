/**
 * The tree of nodes in memory, and the rules of each change: versions, sequence numbers, ephemeral owners,
 * transactions. `requests/` changes it in transactions; the events of a transaction go to `watch_table.ts`, and the
 * changed nodes to the group commit. It does no I/O, reads no clock, and knows no session, client or wire.
 *
 * @module
 */

import { baseName, childPath, parentPath, pathProblem } from "../../paths.ts";
import { type Acl, openAcl, type Stat } from "../../types.ts";
import { readOnlyAcl } from "./acl.ts";
import { QuotaKeeper, type QuotaOptions } from "./quota_keeper.ts";
import { Refusal } from "./refusal.ts";
import {
  bytesOf,
  type CreateNode,
  newNode,
  noChildren,
  ownPaths,
  type TransactionId,
  type TreeEvent,
  type TreeNode,
} from "./tree_node.ts";

/** The tree of nodes. Every change goes through {@linkcode transact}. */
export class DataTree {
  readonly #nodes = new Map<string, TreeNode>();
  readonly #ephemerals = new Map<bigint, Set<string>>();
  /** Containers and nodes with a time to live. */
  readonly #expiring = new Set<string>();
  readonly #quotas: QuotaKeeper;
  /** Paths that changed since {@linkcode takeDirty}: true if more than `creates` and `pzxid` changed. */
  #dirty = new Map<string, boolean>();
  #events: TreeEvent[] = [];
  #undo: (() => void)[] = [];
  #dataSizeBytes = 0;

  /** Creates a tree with the given nodes and those of the server itself. */
  constructor(nodes: Iterable<Omit<TreeNode, "children">> = [], options: QuotaOptions = {}) {
    for (const node of nodes) this.#insert({ ...node, children: noChildren });
    for (const path of ownPaths) {
      if (this.#nodes.has(path)) continue;
      const acl = path === "/zookeeper/config" ? readOnlyAcl : openAcl;
      this.#insert(newNode({ path, acl, data: new Uint8Array(0) }, { zxid: 0n, timeMs: 0 }));
      this.#dirty.set(path, true);
    }
    for (const path of this.#nodes.keys()) {
      const parent = path === "/" ? undefined : this.#nodes.get(parentPath(path));
      if (parent !== undefined) addChild(parent, baseName(path));
    }
    this.#quotas = new QuotaKeeper({
      find: (path) => this.find(path),
      descendants: (path) => this.#descendants(path),
      note: (node, data) => this.#note(node, data),
      onUndo: (undo) => this.#undo.push(undo),
    }, options);
    this.#quotas.restore();
    // Nothing can be undone before the first transaction.
    this.#undo = [];
  }

  /** Number of nodes. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Bytes of all data and paths: roughly the memory of the tree without its own structure. */
  get dataSizeBytes(): number {
    return this.#dataSizeBytes;
  }

  /** Number of ephemeral nodes. */
  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.#ephemerals.values()) count += paths.size;
    return count;
  }

  /** Returns a node; undefined if there is none. The empty path is the root, as in ZooKeeper. */
  find(path: string): TreeNode | undefined {
    return this.#nodes.get(path === "" ? "/" : path);
  }

  /**
   * Returns a node.
   *
   * @throws {Refusal} `NO_NODE`
   */
  node(path: string): TreeNode {
    const node = this.find(path);
    if (node === undefined) throw new Refusal("NO_NODE");
    return node;
  }

  /** Returns a node's stat. */
  stat(node: TreeNode): Stat {
    return {
      czxid: node.czxid,
      mzxid: node.mzxid,
      ctimeMs: node.ctimeMs,
      mtimeMs: node.mtimeMs,
      version: node.version,
      // The number of creates and deletes of children.
      cversion: node.creates * 2 - node.children.size,
      aversion: node.aversion,
      ephemeralOwner: node.ephemeralOwner,
      dataSizeBytes: bytesOf(node).length,
      numChildren: node.children.size,
      pzxid: node.pzxid,
    };
  }

  /** Returns the paths of the ephemeral nodes of a session. */
  ephemeralsOf(owner: bigint): string[] {
    return [...this.#ephemerals.get(owner) ?? []];
  }

  /** Counts the nodes below `path`, at any depth. */
  countDescendants(path: string): number {
    return this.#descendants(this.node(path).path).length;
  }

  /** Returns the paths of containers that have lost their last child, and of nodes whose time to live is over. */
  expiredNodes(nowMs: number): string[] {
    return [...this.#expiring].filter((path) => {
      const node = this.#nodes.get(path);
      if (node === undefined || node.children.size > 0) return false;
      return node.isContainer ? node.creates > 0 : nowMs - node.mtimeMs > node.ttlMs;
    });
  }

  /**
   * Runs `change` as one transaction: if it throws, all of it is undone. The events are in the order in which a server
   * sends them.
   */
  transact<T>(change: () => T): { value: T; events: TreeEvent[] } {
    this.#undo = [];
    this.#events = [];
    try {
      return { value: change(), events: this.#events };
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      throw error;
    }
  }

  /**
   * Creates a node. Only inside {@linkcode transact}, like the other changes.
   *
   * @throws {Refusal} `BAD_ARGUMENTS`, `NO_NODE`, `NODE_EXISTS`, `NO_CHILDREN_FOR_EPHEMERALS`, `QUOTA_EXCEEDED`
   */
  create(request: CreateNode, id: TransactionId): TreeNode {
    const parent = this.#nodes.get(parentPath(request.path));
    if (parent === undefined) throw new Refusal("NO_NODE");
    const path = request.sequential
      ? request.path + String(parent.creates).padStart(10, "0")
      : request.path;
    checkPath(path);
    if (this.#nodes.has(path)) throw new Refusal("NODE_EXISTS");
    if (parent.ephemeralOwner !== 0n) throw new Refusal("NO_CHILDREN_FOR_EPHEMERALS");
    this.#quotas.check(path, { count: 1, bytes: bytesOf(request).length });
    const node = newNode({ ...request, path }, id);
    const { creates, pzxid } = parent;
    this.#insert(node);
    addChild(parent, baseName(path));
    parent.creates++;
    parent.pzxid = id.zxid;
    this.#undo.push(() => {
      this.#erase(node);
      deleteChild(parent, baseName(path));
      parent.creates = creates;
      parent.pzxid = pzxid;
    });
    this.#dirty.set(path, true);
    this.#touch(parent);
    this.#quotas.countNode(node, 1);
    this.#events.push({ type: "created", path, acl: node.acl });
    this.#events.push({ type: "children_changed", path: parent.path, acl: parent.acl });
    return node;
  }

  /**
   * Deletes a node.
   *
   * @param version the version that the node must have; -1: any
   * @throws {Refusal} `BAD_ARGUMENTS`, `NO_NODE`, `BAD_VERSION`, `NOT_EMPTY`
   */
  delete(path: string, version: number, id: TransactionId): void {
    if (ownPaths.includes(path)) throw new Refusal("BAD_ARGUMENTS");
    const node = this.node(path);
    checkVersion(node.version, version);
    if (node.children.size > 0) throw new Refusal("NOT_EMPTY");
    const parent = this.node(parentPath(path));
    const { pzxid } = parent;
    this.#erase(node);
    deleteChild(parent, baseName(path));
    parent.pzxid = id.zxid;
    this.#undo.push(() => {
      this.#insert(node);
      addChild(parent, baseName(path));
      parent.pzxid = pzxid;
    });
    this.#dirty.set(path, true);
    this.#touch(parent);
    this.#quotas.countNode(node, -1);
    this.#events.push({ type: "deleted", path, acl: node.acl });
    this.#events.push({ type: "children_changed", path: parent.path, acl: parent.acl });
  }

  /**
   * Replaces a node's data.
   *
   * @throws {Refusal} `NO_NODE`, `QUOTA_EXCEEDED`, `BAD_VERSION`
   */
  setData(path: string, data: Uint8Array | null, version: number, id: TransactionId): TreeNode {
    const node = this.node(path);
    const change = { count: 0, bytes: bytesOf({ data }).length - bytesOf(node).length };
    this.#quotas.check(path, change);
    checkVersion(node.version, version);
    const before = { ...node };
    this.#dataSizeBytes += bytesOf({ data }).length - bytesOf(node).length;
    node.data = data;
    node.version++;
    node.mzxid = id.zxid;
    node.mtimeMs = id.timeMs;
    this.#undo.push(() => {
      this.#dataSizeBytes += bytesOf(before).length - bytesOf({ data }).length;
      node.data = before.data;
      node.version = before.version;
      node.mzxid = before.mzxid;
      node.mtimeMs = before.mtimeMs;
    });
    this.#dirty.set(path, true);
    this.#quotas.count(path, change);
    this.#events.push({ type: "data_changed", path, acl: node.acl });
    return node;
  }

  /**
   * Replaces a node's ACL; `version` is compared with `aversion`.
   *
   * @throws {Refusal} `NO_NODE`, `BAD_VERSION`
   */
  setAcl(path: string, acl: readonly Acl[], version: number): TreeNode {
    const node = this.node(path);
    checkVersion(node.aversion, version);
    const before = { ...node };
    node.acl = acl;
    node.aversion++;
    this.#undo.push(() => {
      node.acl = before.acl;
      node.aversion = before.aversion;
    });
    this.#dirty.set(path, true);
    return node;
  }

  /**
   * Throws unless the node has this version.
   *
   * @throws {Refusal} `NO_NODE`, `BAD_VERSION`
   */
  check(path: string, version: number): void {
    checkVersion(this.node(path).version, version);
  }

  /** Takes the paths that changed since the last call: true if more than `creates` and `pzxid` changed. A path without a node was deleted. */
  takeDirty(): Map<string, boolean> {
    const dirty = this.#dirty;
    this.#dirty = new Map();
    return dirty;
  }

  /** Returns the paths of all nodes below one. */
  #descendants(path: string): string[] {
    const found: string[] = [];
    const open = [path];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const name of this.#nodes.get(at)?.children ?? []) {
        const child = childPath(at, name);
        found.push(child);
        open.push(child);
      }
    }
    return found;
  }

  /** Writes what a quota counts. */
  #note(node: TreeNode, data: Uint8Array): void {
    const before = node.data;
    const put = (next: Uint8Array | null) => {
      this.#dataSizeBytes += bytesOf({ data: next }).length - bytesOf(node).length;
      node.data = next;
    };
    put(data);
    this.#undo.push(() => put(before));
    this.#dirty.set(node.path, true);
  }

  #touch(node: TreeNode): void {
    if (!this.#dirty.has(node.path)) this.#dirty.set(node.path, false);
  }

  #insert(node: TreeNode): void {
    this.#nodes.set(node.path, node);
    this.#dataSizeBytes += node.path.length + bytesOf(node).length;
    if (node.isContainer || node.ttlMs > 0) this.#expiring.add(node.path);
    if (node.ephemeralOwner === 0n) return;
    const paths = this.#ephemerals.get(node.ephemeralOwner);
    if (paths === undefined) this.#ephemerals.set(node.ephemeralOwner, new Set([node.path]));
    else paths.add(node.path);
  }

  #erase(node: TreeNode): void {
    this.#nodes.delete(node.path);
    this.#dataSizeBytes -= node.path.length + bytesOf(node).length;
    this.#expiring.delete(node.path);
    const paths = this.#ephemerals.get(node.ephemeralOwner);
    if (paths === undefined) return;
    paths.delete(node.path);
    if (paths.size === 0) this.#ephemerals.delete(node.ephemeralOwner);
  }
}

function addChild(parent: TreeNode, name: string): void {
  if (parent.children === noChildren) parent.children = new Set([name]);
  else (parent.children as Set<string>).add(name);
}

function deleteChild(parent: TreeNode, name: string): void {
  if (parent.children.size === 1 && parent.children.has(name)) parent.children = noChildren;
  else (parent.children as Set<string>).delete(name);
}

function checkPath(path: string): void {
  if (pathProblem(path) !== undefined) throw new Refusal("BAD_ARGUMENTS");
}

function checkVersion(actual: number, expected: number): void {
  if (expected !== -1 && expected !== actual) throw new Refusal("BAD_VERSION");
}
