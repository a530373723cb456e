/**
 * Peers: other nodes that this node has dialled. A peer has one connection, which is made again when it
 * is lost, and the references to the actors there.
 *
 * @module
 */

import type { ActorRef } from "../mod.ts";
import type { Runtime } from "../cell/runtime.ts";
import type { RemoteContract } from "./contract.ts";
import { RemoteError } from "./errors.ts";
import { type Greeting, Link } from "./link.ts";
import type { RemoteLimits } from "./options.ts";
import { Outbound } from "./outbound.ts";
import { RemoteRef } from "./remote_ref.ts";
import type { ByteStream, Transport } from "./transport.ts";
import { Waiters } from "./waiters.ts";

/** What a peer works with. Internal. */
export interface PeerOptions {
  readonly runtime: Runtime;
  readonly limits: RemoteLimits;
  readonly transport: Transport;
  /** This node's identity. */
  readonly node: string;
}

/** Whether there is a connection to a peer. `closed` is final. */
export type PeerStatus = "connecting" | "connected" | "closed";

/** Most references to the actors of one node: far more than it exports. */
const REFERENCE_LIMIT = 1_024;

/** Another node. Made by `RemoteNode.connect`. */
export class Peer {
  /** Where it listens. */
  readonly url: string;
  readonly #options: PeerOptions;
  readonly #references = new Map<RemoteContract<unknown>, RemoteRef>();
  readonly #waiters: Waiters;
  #link: Link | undefined;
  #dialling: AbortController | undefined;
  #outbound: Outbound | undefined;
  /** The identity of the other node at the start into which the references point. */
  #identity: string | undefined;
  #status: PeerStatus = "connecting";
  #lastError: unknown = undefined;
  #attempts = 0;
  #upAtMs = 0;
  #cancelRetry: () => void = () => {};
  #cancelUnreachable: (() => void) | undefined;
  #done: Promise<void> = Promise.resolve();

  /** Internal: peers are made by `RemoteNode.connect`. Begins to dial. */
  constructor(url: string, options: PeerOptions) {
    this.url = url;
    this.#options = options;
    this.#waiters = new Waiters(options.runtime.clock);
    this.#dial();
  }

  /** Whether there is a connection. */
  get status(): PeerStatus {
    return this.#status;
  }

  /** Asks of its actors that have no outcome yet. */
  get pendingAsks(): number {
    return this.#outbound?.pendingAsks ?? 0;
  }

  /**
   * A reference to the actor exported there under the contract's name. Without a connection it takes
   * nothing yet; see {@linkcode Peer.ready}. The same contract gives the same reference until that
   * has ended, then a new one.
   *
   * @throws {RemoteError} `too_many` beyond 1024 references; `node_closed`.
   */
  ref<M>(contract: RemoteContract<M>): ActorRef<M> {
    if (this.#status === "closed") throw closed(this.url);
    const known = this.#references.get(contract);
    if (known !== undefined && !known.hasEnded) return known;
    if (known === undefined && this.#references.size >= REFERENCE_LIMIT) {
      throw new RemoteError(
        "too_many",
        `refer to ${contract.name} of ${this.url}: expected at most ${REFERENCE_LIMIT} references`,
      );
    }
    const ref = new RemoteRef(this.#options.runtime, `${this.url}/${contract.name}`, contract);
    this.#references.set(contract, ref);
    if (this.#outbound === undefined) this.#awaitConnection();
    else this.#outbound.open(ref);
    return ref;
  }

  /**
   * Resolves when there is a connection.
   *
   * @throws {RemoteError} (as rejection) `unreachable` after `timeoutMs`; `node_closed`.
   */
  ready(options: { readonly timeoutMs: number }): Promise<void> {
    if (this.#status === "connected") return Promise.resolve();
    if (this.#status === "closed") return Promise.reject(closed(this.url));
    return this.#waiters.wait(
      options.timeoutMs,
      () =>
        new RemoteError(
          "unreachable",
          `connect to ${this.url}: expected a connection within ${options.timeoutMs} ms`,
          { cause: this.#lastError },
        ),
    );
  }

  /** Closes the connection for good and ends the references. Resolves when nothing is left. */
  async close(): Promise<void> {
    if (this.#status !== "closed") {
      this.#status = "closed";
      this.#cancelRetry();
      this.#cancelUnreachable?.();
      this.#dialling?.abort();
      this.#link?.close();
      this.#outbound?.end();
      this.#waiters.fail(closed(this.url));
      this.#endReferences(closed(this.url));
    }
    await this.#done;
  }

  #dial(): void {
    const { clock } = this.#options.runtime;
    const { connectTimeoutMs } = this.#options.limits;
    const dialling = this.#dialling = new AbortController();
    const { signal } = dialling;
    const cancelTimeout = clock.after(connectTimeoutMs, () => {
      dialling.abort(new Error(`expected an answer within ${connectTimeoutMs} ms`));
    });
    this.#awaitConnection();
    this.#done = this.#options.transport.dial(this.url, signal).then(
      (stream) => {
        cancelTimeout();
        if (signal.aborted) {
          stream.close();
          return this.#onLost(signal.reason);
        }
        return this.#connect(stream);
      },
      (error) => {
        cancelTimeout();
        this.#onLost(error);
      },
    );
  }

  #connect(stream: ByteStream): Promise<void> {
    const { limits, node, runtime } = this.#options;
    const link = this.#link = new Link(stream, {
      clock: runtime.clock,
      limits,
      node,
      onUp: (greeting, connection) => {
        const outbound = new Outbound(connection, greeting.window);
        this.#onUp(greeting, outbound);
        return outbound;
      },
      onDown: (error) => this.#onLost(error),
    });
    return link.done;
  }

  #onUp({ node }: Greeting, outbound: Outbound): void {
    const { runtime } = this.#options;
    if (this.#identity !== undefined && this.#identity !== node) {
      this.#endReferences(
        new RemoteError(
          "node_ended",
          `reconnect to ${this.url}: expected the same node, it is new`,
        ),
        { of: "earlier start" },
      );
    }
    this.#identity = node;
    this.#status = "connected";
    this.#upAtMs = runtime.clock.nowMs();
    this.#cancelUnreachable?.();
    this.#cancelUnreachable = undefined;
    this.#outbound = outbound;
    for (const ref of this.#references.values()) outbound.open(ref);
    runtime.log.info("connected to {url}", { url: this.url });
    this.#waiters.succeed();
  }

  #onLost(error: unknown): void {
    const wasUp = this.#outbound !== undefined;
    this.#link = this.#outbound = this.#dialling = undefined;
    if (this.#status === "closed") return;
    const { runtime, limits } = this.#options;
    this.#status = "connecting";
    this.#lastError = error;
    if (error instanceof RemoteError && error.code === "node_ended") {
      this.#identity = undefined;
      this.#endReferences(error);
    }
    // The back-off is reset only after a connection that lasted: a node may accept and drop connections.
    const nowMs = runtime.clock.nowMs();
    if (wasUp && nowMs - this.#upAtMs >= limits.maxBackoffMs) this.#attempts = 0;
    const fullMs = Math.min(limits.maxBackoffMs, limits.initialBackoffMs * 2 ** this.#attempts++);
    // Half of the wait is random, so that the peers of a node that was lost do not all dial at once.
    const delayMs = fullMs * (1 - runtime.random.next() / 2);
    runtime.log.warn("no connection to {url}", { url: this.url, error, retryMs: delayMs });
    this.#cancelRetry = runtime.clock.after(delayMs, () => this.#dial());
    this.#awaitConnection();
  }

  /** Starts the timer after which the actors there count as ended. */
  #awaitConnection(): void {
    if (this.#cancelUnreachable !== undefined || this.#references.size === 0) return;
    const { runtime, limits } = this.#options;
    this.#cancelUnreachable = runtime.clock.after(limits.unreachableAfterMs, () => {
      this.#cancelUnreachable = undefined;
      const what = `expected a connection within ${limits.unreachableAfterMs} ms, there is none`;
      this.#endReferences(
        new RemoteError("unreachable", `reach ${this.url}: ${what}`, { cause: this.#lastError }),
      );
    });
  }

  #endReferences(error: RemoteError, { of }: { of?: "earlier start" } = {}): void {
    for (const [contract, ref] of [...this.#references]) {
      // A reference that was never opened points to whichever start of the node is connected first.
      if (of !== undefined && !ref.wasOpened) continue;
      this.#references.delete(contract);
      ref.end({ kind: "failed", error });
    }
  }
}

function closed(url: string): RemoteError {
  return new RemoteError("node_closed", `use ${url}: expected an open node, it is closed`);
}
