/**
 * ZooKeeper without a network, for tests that read and write a hundred thousand trees: the embedded server's own tree behind
 * the client's calls that `coordination/` makes. Watches and sessions are left out.
 *
 * @module
 */

import { DataTree } from "../../../zookeeper/server/tree/data_tree.ts";
import { Refusal } from "../../../zookeeper/server/tree/refusal.ts";
import { bytesOf } from "../../../zookeeper/server/tree/tree_node.ts";
import {
  type CreateOptions,
  MultiError,
  type MultiOperation,
  type MultiResult,
  type NodeData,
  openAcl,
  type ReadOperation,
  type ReadResult,
  type Stat,
  type VersionOptions,
  type ZooKeeper,
  ZooKeeperError,
} from "../../../zookeeper/mod.ts";
import { dataBytes } from "../../../zookeeper/operations.ts";
import { pathProblem } from "../../../zookeeper/paths.ts";

/** The session of the only client. */
export const SESSION_ID = 7n;

/** More calls than any of the functions under test makes on a small tree: beyond it one of them does not end. */
const CALLS_MAX = 20_000;

/** A client and its server in one. */
export class LocalZooKeeper {
  /** The server's nodes. */
  readonly tree = new DataTree();
  readonly sessionId = SESSION_ID;
  #zxid = 0n;
  #calls = 0;

  /** As what the functions under test take. */
  get client(): ZooKeeper {
    return this as unknown as ZooKeeper;
  }

  async sync(): Promise<void> {}

  async exists(path: string): Promise<Stat | null> {
    this.#check("exists", path);
    const node = this.tree.find(path);
    return await Promise.resolve(node === undefined ? null : this.tree.stat(node));
  }

  async get(path: string): Promise<{ data: Uint8Array; stat: Stat }> {
    const node = this.#node("get", path);
    return await Promise.resolve({ data: bytesOf(node), stat: this.tree.stat(node) });
  }

  async childNames(path: string): Promise<string[]> {
    return await Promise.resolve([...this.#node("childNames", path).children]);
  }

  async children(path: string): Promise<{ children: string[]; stat: Stat }> {
    const node = this.#node("children", path);
    return await Promise.resolve({ children: [...node.children], stat: this.tree.stat(node) });
  }

  async multiRead(
    operations: readonly ReadOperation[],
  ): Promise<(ReadResult | ZooKeeperError)[]> {
    return await Promise.resolve(operations.map(({ kind, path }) => {
      try {
        const node = this.#node(kind, path);
        return kind === "get"
          ? { kind, data: bytesOf(node), stat: this.tree.stat(node) }
          : { kind, children: [...node.children] };
      } catch (error) {
        if (error instanceof ZooKeeperError && error.code === "NO_NODE") return error;
        throw error;
      }
    }));
  }

  async create(path: string, data?: NodeData, options: CreateOptions = {}): Promise<string> {
    const { mode = "persistent" } = options;
    const operation = { kind: "create", path, data: dataBytes(data), acl: openAcl, mode } as const;
    return await Promise.resolve(this.#one("create", operation));
  }

  async set(path: string, data: NodeData, options: VersionOptions = {}): Promise<Stat> {
    const { version = -1 } = options;
    this.#one("set", { kind: "set", path, data: dataBytes(data), version });
    return await Promise.resolve(this.tree.stat(this.#node("set", path)));
  }

  async delete(path: string, options: VersionOptions = {}): Promise<void> {
    this.#one("delete", { kind: "delete", path, version: options.version ?? -1 });
    await Promise.resolve();
  }

  async multi(operations: readonly MultiOperation[]): Promise<MultiResult[]> {
    await Promise.resolve();
    for (const { path } of operations) this.#check("multi", path);
    let index = 0;
    try {
      return this.tree.transact(() => {
        const results: MultiResult[] = [];
        for (const operation of operations) {
          results.push(this.#result(operation.kind, this.#apply(operation)));
          index++;
        }
        return results;
      }).value;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const path = operations[index]?.path ?? "";
      throw new MultiError({
        code: error.code as never,
        operation: "multi",
        path,
        index,
        results: [],
      });
    }
  }

  #one(name: string, operation: MultiOperation): string {
    this.#check(name, operation.path);
    try {
      return this.tree.transact(() => this.#apply(operation)).value;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new ZooKeeperError({
        code: error.code as never,
        operation: name,
        path: operation.path,
      });
    }
  }

  #apply(operation: MultiOperation): string {
    const id = { zxid: ++this.#zxid, timeMs: 1_000 };
    const { path } = operation;
    switch (operation.kind) {
      case "create": {
        const { data, mode } = operation;
        return this.tree.create({
          path,
          data,
          acl: openAcl,
          sequential: mode.endsWith("sequential"),
          ephemeralOwner: mode.startsWith("ephemeral") ? SESSION_ID : 0n,
        }, id).path;
      }
      case "set":
        this.tree.setData(path, operation.data, operation.version, id);
        return path;
      case "delete":
        this.tree.delete(path, operation.version, id);
        return path;
      case "check":
        this.tree.check(path, operation.version);
        return path;
    }
  }

  #result(kind: MultiOperation["kind"], path: string): MultiResult {
    if (kind === "create") return { kind, path };
    return kind === "set" ? { kind, stat: this.tree.stat(this.#node(kind, path)) } : { kind };
  }

  #node(operation: string, path: string) {
    this.#check(operation, path);
    const node = this.tree.find(path);
    if (node === undefined) throw new ZooKeeperError({ code: "NO_NODE", operation, path });
    return node;
  }

  #check(operation: string, path: string): void {
    if (++this.#calls > CALLS_MAX) throw new Error(`no end after ${CALLS_MAX} calls`);
    // A sequential name is completed by the server.
    const detail = pathProblem(path.endsWith("-") ? `${path}0` : path);
    if (detail !== undefined) {
      throw new ZooKeeperError({ code: "BAD_ARGUMENTS", operation, path, detail });
    }
  }
}
