/** A hostile peer, for the tests of what a node does about one. */

import type { ByteStream } from "../../../../../actors/runtime/remote/mod.ts";
import { type Fixture, URL_THERE } from "./fixture.ts";

/** The greeting of a node called Mallory. */
export const hello = { k: "hello", version: 1, node: "mallory", window: 8 };

/** A peer that sends what it likes. */
export class Mallory {
  readonly #stream: ByteStream;
  /** What the node sent, until it closed. */
  readonly frames: Record<string, unknown>[] = [];
  closed = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    void this.#read();
  }
  static async dial({ network, clock }: Fixture, url = URL_THERE): Promise<Mallory> {
    const stream = await network.dial(url, new AbortController().signal);
    await clock.settle();
    return new Mallory(stream);
  }
  /** All in one piece. */
  send(...frames: unknown[]): void {
    const texts = frames.map((frame) => encode(JSON.stringify(frame)));
    this.sendBytes(new Uint8Array(texts.flatMap((bytes) => [...bytes])));
  }
  sendText(text: string, length?: number): void {
    this.sendBytes(encode(text, length));
  }
  hangUp(): void {
    this.#stream.close();
  }
  sendBytes(bytes: Uint8Array): void {
    if (!this.closed) void this.#stream.write(bytes);
  }
  async #read(): Promise<void> {
    let text = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const length = await this.#stream.read(buffer);
      if (length === null) break;
      text = new Uint8Array([...text, ...buffer.subarray(0, length)]);
      while (text.length >= 4) {
        const end = 4 + new DataView(text.buffer, text.byteOffset).getUint32(0);
        if (text.length < end) break;
        this.frames.push(JSON.parse(new TextDecoder().decode(text.subarray(4, end))));
        text = text.slice(end);
      }
    }
    this.closed = true;
  }
}

/** A frame with this JSON; its length may be a lie. */
export function encode(text: string, length?: number): Uint8Array {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, length ?? body.length);
  bytes.set(body, 4);
  return bytes;
}
