/**
 * ZooKeeper's tree as the simulation needs it, in memory: versioned nodes, `multi` with checks, ephemeral and sequential
 * nodes, and reads of the past, as a follower that lags behind would answer them. No watches, no network.
 *
 * @module
 */

/** One node as it was at some moment. */
export interface TreeNode {
  readonly data: unknown;
  readonly version: number;
  readonly modifiedZxid: number;
  /** Session of an ephemeral node; `null` for a persistent node. */
  readonly owner: number | null;
}

/** The whole tree at one moment. */
export type Snapshot = ReadonlyMap<string, TreeNode>;

/** One operation of a `multi`. A version of `null` checks nothing. */
export type Operation =
  | { readonly kind: "check"; readonly path: string; readonly version: number }
  | {
    readonly kind: "set";
    readonly path: string;
    readonly data: unknown;
    readonly version: number | null;
  }
  | { readonly kind: "delete"; readonly path: string; readonly version: number | null }
  | {
    readonly kind: "create";
    readonly path: string;
    readonly data: unknown;
    readonly lifetime: "persistent" | "ephemeral";
    readonly isSequential?: boolean;
  };

/** The result of a `multi`: all of it happened, or nothing. */
export type MultiResult =
  | { readonly isDone: true; readonly zxid: number; readonly created: readonly string[] }
  | { readonly isDone: false; readonly reason: string };

/** Number of past states that can be read: more than any reader may lag behind. */
const HISTORY_LENGTH = 64;

/** The tree, its sessions and its recent past. */
export class TreeModel {
  #now: Map<string, TreeNode> = new Map();
  #past: Snapshot[] = [];
  #zxid = 0;
  #nextSession = 1;
  readonly #sessions = new Set<number>();
  readonly #sequences = new Map<string, number>();

  /** Number of the last change. */
  get zxid(): number {
    return this.#zxid;
  }

  /** The tree as it is: what a read after a `sync` sees. */
  get snapshot(): Snapshot {
    return this.#now;
  }

  /** The tree as it was after that change, or the oldest that is kept. */
  at(zxid: number): Snapshot {
    const age = this.#zxid - zxid;
    return age <= 0 ? this.#now : this.#past[Math.max(0, this.#past.length - age)] ?? this.#now;
  }

  openSession(): number {
    const session = this.#nextSession++;
    this.#sessions.add(session);
    return session;
  }

  /** Ends a session and removes its ephemeral nodes. */
  expire(session: number): void {
    if (!this.#sessions.delete(session)) return;
    const next = new Map([...this.#now].filter(([, node]) => node.owner !== session));
    if (next.size !== this.#now.size) this.#commit(next);
  }

  /** Executes all operations or none. */
  multi(session: number, operations: readonly Operation[]): MultiResult {
    if (!this.#sessions.has(session)) return refused("session expired");
    const next = new Map(this.#now);
    const created: string[] = [];
    for (const operation of operations) {
      const problem = this.#apply(next, operation, { session, created });
      if (problem !== null) return refused(`${operation.kind} ${operation.path}: ${problem}`);
    }
    this.#commit(next);
    return { isDone: true, zxid: this.#zxid, created };
  }

  #apply(
    next: Map<string, TreeNode>,
    operation: Operation,
    context: { session: number; created: string[] },
  ): string | null {
    const modifiedZxid = this.#zxid + 1;
    if (operation.kind === "create") {
      const path = operation.isSequential === true
        ? operation.path + this.#takeSequence(operation.path)
        : operation.path;
      if (next.has(path)) return "node exists";
      const owner = operation.lifetime === "ephemeral" ? context.session : null;
      next.set(path, { data: operation.data, version: 0, modifiedZxid, owner });
      context.created.push(path);
      return null;
    }
    const node = next.get(operation.path);
    if (node === undefined) return "no node";
    if (operation.version !== null && operation.version !== node.version) {
      return `bad version: expected ${operation.version}, was ${node.version}`;
    }
    if (operation.kind === "delete") next.delete(operation.path);
    if (operation.kind === "set") {
      next.set(operation.path, {
        ...node,
        data: operation.data,
        version: node.version + 1,
        modifiedZxid,
      });
    }
    return null;
  }

  #takeSequence(prefix: string): string {
    const parent = prefix.slice(0, prefix.lastIndexOf("/"));
    const sequence = this.#sequences.get(parent) ?? 0;
    this.#sequences.set(parent, sequence + 1);
    return String(sequence).padStart(10, "0");
  }

  #commit(next: Map<string, TreeNode>): void {
    this.#past.push(this.#now);
    if (this.#past.length > HISTORY_LENGTH) this.#past.shift();
    this.#now = next;
    this.#zxid++;
  }
}

/** Names of a node's children. */
export function childrenOf(snapshot: Snapshot, parent: string): string[] {
  const prefix = `${parent}/`;
  return [...snapshot.keys()]
    .filter((path) => path.startsWith(prefix) && !path.includes("/", prefix.length))
    .map((path) => path.slice(prefix.length));
}

/** A node that the simulation put there before its run and that nothing removes. */
export function nodeAt(snapshot: Snapshot, path: string): TreeNode {
  const node = snapshot.get(path);
  if (node === undefined) throw new Error(`read ${path}: expected a node, was none`);
  return node;
}

function refused(reason: string): MultiResult {
  return { isDone: false, reason };
}
