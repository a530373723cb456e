/**
 * Nodes: the connection points of an actor system to others. The room `remote/` carries messages between
 * processes: a node exports actors under names, listens and dials; a peer is another node with its
 * references; links, connections and framing carry their frames over a transport. What is told to a
 * remote reference goes out through `Outbound`, and comes in through the other node's `Inbound`, which
 * tells the exported actor.
 *
 * @module
 */

import { type ActorRef, type ActorSystem, sleep } from "../mod.ts";
import { findRuntime, type Runtime } from "../cell/runtime.ts";
import type { RemoteContract } from "./contract.ts";
import { RemoteError } from "./errors.ts";
import { Exports } from "./exports.ts";
import { Inbound } from "./inbound.ts";
import { Link } from "./link.ts";
import { type RemoteLimits, remoteLimits } from "./options.ts";
import { Peer, type PeerStatus } from "./peer.ts";
import { type ByteListener, type ByteStream, tcpTransport, type Transport } from "./transport.ts";

/** The options of a node. */
export interface RemoteNodeOptions {
  /** The system whose actors it exports, and whose clock, randomness and log it uses. */
  readonly system: ActorSystem;
  /** The name of the node's actor in its system. Default `remote`. */
  readonly name?: string;
  /** The transport to other nodes. Default {@linkcode tcpTransport}. */
  readonly transport?: Transport;
  /** Bounds and times; see {@linkcode RemoteLimits} for the defaults. */
  readonly limits?: Partial<RemoteLimits>;
}

/** The state of a node. */
export interface RemoteNodeStatus {
  /** The URL that it listens at; undefined if it does not listen. */
  readonly url: string | undefined;
  /** Actors that it exports. */
  readonly exported: number;
  /** Connections that other nodes have made to it. */
  readonly connections: number;
  /** Nodes that it has dialled. */
  readonly peers: readonly { readonly url: string; readonly status: PeerStatus }[];
  /** Messages that did not match their schema. */
  readonly invalidMessages: number;
  /** Connections that were closed because the other side broke the protocol. */
  readonly violations: number;
  /** Connections that were refused because there were too many. */
  readonly refused: number;
}

/** Wait after a failed accept, in milliseconds. The process has no free file descriptor at that time. */
const ACCEPT_RETRY_MS = 100;

/**
 * A node of an actor system. It is an actor of the system, so it is shown in the tree and ends with the
 * system.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { ActorSystem, ask, type ReplyTo } from "../mod.ts";
 * import { remoteContract, RemoteNode, replyTo } from "./mod.ts";
 *
 * const greeter = remoteContract(
 *   "greeter",
 *   z.object({ name: z.string(), replyTo: replyTo(z.string()) }),
 * );
 *
 * // In one process:
 * const there = ActorSystem.create({ name: "there" });
 * const actor = there.spawn("greeter", {
 *   init: () => null,
 *   receive(state, { name, replyTo }: { name: string; replyTo: ReplyTo<string> }) {
 *     replyTo.tell(`hello ${name}`);
 *     return state;
 *   },
 * });
 * const server = RemoteNode.create({ system: there });
 * server.export(greeter, actor);
 * const url = server.listen("tcp://127.0.0.1:0");
 *
 * // In another:
 * const here = ActorSystem.create({ name: "here" });
 * const peer = RemoteNode.create({ system: here }).connect(url);
 * await peer.ready({ timeoutMs: 1_000 });
 * const answer = await ask(
 *   peer.ref(greeter),
 *   (replyTo) => ({ name: "world", replyTo }),
 *   { timeoutMs: 1_000 },
 * );
 * if (answer !== "hello world") throw new Error(answer);
 *
 * await here.stop();
 * await there.stop();
 * ```
 */
export class RemoteNode {
  readonly #runtime: Runtime;
  readonly #transport: Transport;
  readonly #limits: RemoteLimits;
  /** The node's identity, which is new at each start. */
  readonly #identity: string;
  readonly #exports = new Exports();
  readonly #links = new Set<Link>();
  /** How many there are of each address. */
  readonly #linksOf = new Map<string | undefined, number>();
  readonly #peers = new Map<string, Peer>();
  readonly #closed = new AbortController();
  #listener: ByteListener | undefined;
  #accepting: Promise<void> | undefined;
  #invalidMessages = 0;
  #violations = 0;
  #refused = 0;

  private constructor(options: RemoteNodeOptions) {
    this.#transport = options.transport ?? tcpTransport;
    this.#limits = remoteLimits(options.limits ?? {});
    const actor = options.system.spawn<RemoteNode, never>(options.name ?? "remote", {
      name: "remote",
      init: () => this,
      receive: (state) => state,
      onStop: () => this.close(),
      summarize: () => this.status,
    });
    const runtime = findRuntime(actor);
    // Every actor's reference has a runtime; its type does not say so.
    if (runtime === undefined) throw new Error("make a node: expected an actor system");
    this.#runtime = runtime;
    this.#identity = newIdentity(runtime);
  }

  /**
   * Makes a node that neither listens nor dials yet. It closes when the system stops.
   *
   * @throws {RemoteError} `invalid_option`; {ActorError} `name_taken`, `system_stopped`.
   */
  static create(options: RemoteNodeOptions): RemoteNode {
    return new RemoteNode(options);
  }

  /** The state of the node. */
  get status(): RemoteNodeStatus {
    return {
      url: this.#listener?.url,
      exported: this.#exports.size,
      connections: this.#links.size,
      peers: [...this.#peers.values()].map(({ url, status }) => ({ url, status })),
      invalidMessages: this.#invalidMessages,
      violations: this.#violations,
      refused: this.#refused,
    };
  }

  /**
   * Lets others reach an actor of this process, until it ends or the returned function is called.
   *
   * @throws {RemoteError} `name_taken`, `invalid_option`, `node_closed`.
   */
  export<M>(contract: RemoteContract<M>, actor: ActorRef<M>): () => void {
    this.#checkOpen(`export ${contract.name}`);
    return this.#exports.add(contract, actor);
  }

  /**
   * Takes connections. Returns the URL that others dial; with port 0 it names the port.
   *
   * @throws {RemoteError} `invalid_option`, also if it listens already; `node_closed`. What the
   * transport throws if it cannot listen there.
   */
  listen(url: string): string {
    this.#checkOpen(`listen on ${url}`);
    if (this.#listener !== undefined) {
      throw new RemoteError(
        "invalid_option",
        `listen on ${url}: expected a node that does not listen, it does on ${this.#listener.url}`,
      );
    }
    const listener = this.#listener = this.#transport.listen(url);
    this.#accepting = this.#accept(listener);
    return listener.url;
  }

  /**
   * The node that listens there. Returns at once, and dials until it is closed: a second call gives
   * the same peer, so there is one connection for all references.
   *
   * @throws {RemoteError} `too_many` beyond the limit of peers; `node_closed`.
   */
  connect(url: string): Peer {
    this.#checkOpen(`connect to ${url}`);
    const known = this.#peers.get(url);
    if (known !== undefined && known.status !== "closed") return known;
    for (const { url, status } of this.#peers.values()) {
      if (status === "closed") this.#peers.delete(url);
    }
    if (this.#peers.size >= this.#limits.peers) {
      throw new RemoteError(
        "too_many",
        `connect to ${url}: expected at most ${this.#limits.peers} peers; close some`,
      );
    }
    const peer = new Peer(url, {
      runtime: this.#runtime,
      limits: this.#limits,
      transport: this.#transport,
      node: this.#identity,
    });
    this.#peers.set(url, peer);
    return peer;
  }

  /** Closes the node with all its connections, within half a second. Resolves when that is done. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#listener?.close();
    // Ends of actors that have happened by now are sent before the good-bye.
    await new Promise<void>((resolve) => this.#runtime.clock.nextTurn(resolve));
    for (const link of this.#links) link.close();
    await Promise.all([
      this.#accepting,
      ...[...this.#links].map((link) => link.done),
      ...[...this.#peers.values()].map((peer) => peer.close()),
    ]);
  }

  #checkOpen(action: string): void {
    if (!this.#closed.signal.aborted) return;
    throw new RemoteError("node_closed", `${action}: expected an open node, it is closed`);
  }

  async #accept(listener: ByteListener): Promise<void> {
    const { clock, log } = this.#runtime;
    const { signal } = this.#closed;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#serve(await listener.accept());
      } catch (error) {
        if (signal.aborted) return;
        if (isTold(++failures)) {
          log.warn("no connection taken, time {failures}: {error}", { failures, error });
        }
        await sleep(clock, ACCEPT_RETRY_MS, { signal }).catch(() => {});
      }
    }
  }

  #refuse(stream: ByteStream, address: string | undefined): void {
    const refused = ++this.#refused;
    if (isTold(refused)) {
      this.#runtime.log.warn(
        "connection {refused} refused, from {address}: there are {links} already",
        {
          refused,
          address: address ?? "an unknown address",
          links: this.#links.size,
        },
      );
    }
    stream.close();
  }

  /** Counts one connection of this address less. */
  #forget(address: string | undefined): void {
    const left = (this.#linksOf.get(address) ?? 1) - 1;
    if (left > 0) this.#linksOf.set(address, left);
    else this.#linksOf.delete(address);
  }

  #serve(stream: ByteStream): void {
    const address = addressOf(stream);
    const ofAddress = this.#linksOf.get(address) ?? 0;
    const { connections, connectionsPerAddress } = this.#limits;
    if (
      this.#closed.signal.aborted || this.#links.size >= connections ||
      (address !== undefined && ofAddress >= connectionsPerAddress)
    ) {
      this.#refuse(stream, address);
      return;
    }
    this.#linksOf.set(address, ofAddress + 1);
    const { clock, deadLetters, log } = this.#runtime;
    const link = new Link(stream, {
      clock,
      limits: this.#limits,
      node: this.#identity,
      onUp: (_greeting, channel) =>
        new Inbound({
          find: (name) => this.#exports.find(name),
          channel,
          window: this.#limits.window,
          deadLetters,
          nextTurn: (callback) => clock.nextTurn(callback),
          onInvalid: () => this.#invalidMessages++,
        }),
      onDown: (error) => {
        this.#links.delete(link);
        this.#forget(address);
        if (error.code !== "protocol_violation") return;
        const violations = ++this.#violations;
        if (isTold(violations)) {
          log.warn("connection closed, violation {violations}: {error}", { violations, error });
        }
      },
    });
    this.#links.add(link);
  }
}

/** The host that a connection comes from; undefined if its transport does not say. */
function addressOf({ remoteAddr }: ByteStream): string | undefined {
  if (remoteAddr === undefined || !("hostname" in remoteAddr)) return undefined;
  return String(remoteAddr.hostname);
}

/** Whether the event with this number is logged: those at powers of two, so that nobody can fill the log. */
function isTold(count: number): boolean {
  return (count & (count - 1)) === 0;
}

/** A new identity of 64 random bits. It tells one start of a node from another; it is no secret. */
function newIdentity({ random }: Runtime): string {
  const word = (): string => Math.floor(random.next() * 2 ** 32).toString(16).padStart(8, "0");
  return word() + word();
}
