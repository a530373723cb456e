/**
 * Links: a connection between two nodes from the handshake on. The side that has dialled (the caller)
 * has references to actors that the other side (the callee) exports, and not the other way round.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { Connection } from "./connection.ts";
import { RemoteError, violation } from "./errors.ts";
import { type Frame, PROTOCOL_VERSION } from "./frames.ts";
import type { RemoteLimits } from "./options.ts";
import type { ByteStream } from "./transport.ts";

/** What the other side tells about itself in its first frame. */
export interface Greeting {
  /** The node's identity, which is new at each start. */
  readonly node: string;
  /** The credit for each reference: messages that may be under way. */
  readonly window: number;
}

/** One side's part of a connection: the caller's (`Outbound`) or the callee's (`Inbound`). */
export interface Side {
  /** Handles a frame. Returns false if it is not one for this side. */
  take(frame: Frame): boolean;
  /** Called when the connection is closed. */
  end(): void;
}

/** What a link works with. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly limits: RemoteLimits;
  /** This node's identity. */
  readonly node: string;
  /** Called when the other side's greeting has arrived. Makes this side's part. */
  readonly onUp: (greeting: Greeting, connection: Connection) => Side;
  /** Called once, after the connection is closed. */
  readonly onDown: (error: RemoteError) => void;
}

/** One connection between two nodes, with its handshake. */
export class Link {
  readonly #options: LinkOptions;
  readonly #connection: Connection;
  #side: Side | undefined;
  readonly #cancelHandshake: () => void;

  constructor(stream: ByteStream, options: LinkOptions) {
    this.#options = options;
    const { clock, limits, node } = options;
    this.#connection = new Connection(stream, {
      clock,
      limits,
      onFrame: (frame) => this.#onFrame(frame),
      onClosed: (error) => this.#onClosed(error),
    });
    this.#cancelHandshake = clock.after(limits.connectTimeoutMs, () => {
      const what = `expected the other node to greet within ${limits.connectTimeoutMs} ms`;
      this.#connection.close(new RemoteError("unreachable", `shake hands: ${what}`));
    });
    this.#connection.send({
      k: "hello",
      version: PROTOCOL_VERSION,
      node,
      window: limits.window,
    });
  }

  /** Resolves when nothing more will be read. Never rejects. */
  get done(): Promise<void> {
    return this.#connection.done;
  }

  /** Sends a good-bye, and closes the connection when that is written. */
  close(): void {
    this.#connection.send({ k: "bye" });
    this.#connection.end(new RemoteError("node_closed", "close the node: it was asked to"));
  }

  #onFrame(frame: Frame): void {
    if (frame.k === "hello") return this.#onHello(frame);
    if (this.#side === undefined) throw violation(`expected a greeting, there was "${frame.k}"`);
    if (frame.k === "beat") return;
    if (frame.k === "bye") {
      throw new RemoteError("node_ended", "hear from the other node: it has ended");
    }
    if (!this.#side.take(frame)) throw violation(`expected nothing like "${frame.k}" on this side`);
  }

  #onHello({ version, node, window }: Frame & { readonly k: "hello" }): void {
    if (this.#side !== undefined) throw violation("expected one greeting, there are two");
    if (version !== PROTOCOL_VERSION) {
      throw violation(`expected version ${PROTOCOL_VERSION} of the protocol, it is ${version}`);
    }
    this.#cancelHandshake();
    this.#side = this.#options.onUp({ node, window }, this.#connection);
  }

  #onClosed(error: RemoteError): void {
    this.#cancelHandshake();
    this.#side?.end();
    this.#options.onDown(error);
  }
}
