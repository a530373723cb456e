/** A network in memory that a test can cut, freeze and watch. */

import type {
  ByteListener,
  ByteStream,
  Transport,
} from "../../../../../actors/runtime/remote/mod.ts";

/** Bytes in one direction. */
class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  write(bytes: Uint8Array): void {
    if (this.#ended) throw new Error("broken pipe");
    this.#chunks.push(bytes.slice());
    this.#wake();
  }
  end(): void {
    this.#ended = true;
    this.#wake();
  }
  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        const taken = chunk.subarray(0, buffer.length);
        buffer.set(taken);
        if (taken.length < chunk.length) this.#chunks.unshift(chunk.subarray(taken.length));
        return taken.length;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** Both ends of a connection. */
class Wire {
  readonly #network: MemoryNetwork;
  readonly #pipes = [new Pipe(), new Pipe()] as const;
  constructor(network: MemoryNetwork) {
    this.#network = network;
  }
  stream(side: 0 | 1): ByteStream {
    const inward = this.#pipes[side];
    const outward = this.#pipes[side === 0 ? 1 : 0];
    return {
      read: (buffer) => inward.read(buffer),
      write: (bytes) => {
        this.#network.writes++;
        if (this.#network.stuck) return new Promise(() => {});
        if (!this.#network.frozen) outward.write(bytes);
        return Promise.resolve(bytes.length);
      },
      close: () => this.cut(),
    };
  }
  cut(): void {
    for (const pipe of this.#pipes) pipe.end();
  }
}

/** The network, with its switches and counters. */
export class MemoryNetwork implements Transport {
  /** Nobody gets a connection. */
  down = false;
  /** What is written arrives nowhere. */
  frozen = false;
  /** What is written waits for ever. */
  stuck = false;
  /** Dials do not come to an end. */
  hanging = false;
  dials = 0;
  writes = 0;
  readonly #listeners = new Map<string, (stream: ByteStream) => void>();
  readonly #wires: Wire[] = [];

  dial(url: string, signal: AbortSignal): Promise<ByteStream> {
    this.dials++;
    if (this.hanging) {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    }
    const connect = this.#listeners.get(url);
    if (this.down || connect === undefined) return Promise.reject(new Error("refused"));
    const wire = new Wire(this);
    this.#wires.push(wire);
    connect(wire.stream(1));
    return Promise.resolve(wire.stream(0));
  }

  listen(url: string): ByteListener {
    const waiting: ByteStream[] = [];
    let wake: () => void = () => {};
    let closed = false;
    this.#listeners.set(url, (stream) => {
      waiting.push(stream);
      wake();
    });
    return {
      url,
      accept: async () => {
        for (;;) {
          const stream = waiting.shift();
          if (stream !== undefined) return stream;
          if (closed) throw new Error("closed");
          await new Promise<void>((resolve) => wake = resolve);
        }
      },
      close: () => {
        closed = true;
        this.#listeners.delete(url);
        wake();
      },
    };
  }

  /** Cuts all connections. */
  cut(): void {
    for (const wire of this.#wires.splice(0)) wire.cut();
  }
}
