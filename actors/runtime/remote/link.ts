/**
 * A connection between two nodes from the handshake on. The side that dialled has references into
 * the other; the side that was dialled lets its exported actors be reached. Not the other way round.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { Connection } from "./connection.ts";
import { RemoteError, violation } from "./errors.ts";
import { type Frame, PROTOCOL_VERSION } from "./frames.ts";
import type { RemoteLimits } from "./options.ts";
import type { ByteStream } from "./transport.ts";

/** What the other side says of itself. */
export interface Greeting {
  /** Its name in this life: new at each start. */
  readonly node: string;
  /** Messages that may be under way to each of its actors. */
  readonly window: number;
}

/** One side's doings on a connection. */
export interface Side {
  /** Takes a frame; says whether it was one for this side. */
  take(frame: Frame): boolean;
  /** The connection is gone. */
  end(): void;
}

/** What a link works with. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly limits: RemoteLimits;
  /** This node's name in this life. */
  readonly node: string;
  /** Called once the other side has greeted. */
  readonly onUp: (greeting: Greeting, connection: Connection) => Side;
  /** Called once, after the side has ended. */
  readonly onDown: (error: RemoteError) => void;
}

/** See the head of this file. */
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

  /** Resolves when nothing of it is left. Never rejects. */
  get done(): Promise<void> {
    return this.#connection.done;
  }

  /** Says good-bye and ends when that is written. */
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
