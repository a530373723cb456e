/** Requests the whole info dictionary from one peer (BEP 9) and closes the connection again. */

import { type Clock, sleep } from "../../../base/clock.ts";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  encodeMetadataMessage,
  METADATA_EXTENSION,
  METADATA_PART_BYTES,
} from "../wire/extension_protocol.ts";
import { type FrameHandler, FrameReader } from "../wire/frame_reader.ts";
import type { EstablishedConnection } from "../wire/handshaker.ts";
import { MessageId, Outbox, ProtocolViolation } from "../wire/messages.ts";

/** Time limit from the handshake to the last part: a peer that takes longer is no better than none. */
const DEADLINE_MS = 30_000;
/** A peer of which no part arrives for so long is given up before that: liars must not keep the honest ones waiting. */
const IDLE_MS = 5000;
/** Parts that are requested at a time: enough for a round trip between data centers. */
const WINDOW_PARTS = 32;
/** Largest message that is accepted: room for the bitfield of two million pieces. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * Resolves with the bytes that the peer sent, which are not checked against the info hash; rejects with what went
 * wrong.
 */
export async function requestMetadata(
  { connection, handshake }: EstablishedConnection,
  options: { clock: Clock; signal: AbortSignal; maxBytes: number },
): Promise<Uint8Array> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  options.signal.addEventListener("abort", stop);
  if (options.signal.aborted) stop();
  const outbox = new Outbox(MAX_MESSAGE_BYTES);
  const collector = new MetadataCollector(outbox, options.maxBytes);
  const late = whenLate(collector, options.clock, ending.signal).then(() => connection.close());
  try {
    if (!handshake.extended) throw new ProtocolViolation("metadata: the peer has no extensions");
    outbox.extended(
      0,
      encodeExtensions({
        port: 0,
        locality: undefined,
        maxRequests: 1,
        maxRequestBytes: METADATA_PART_BYTES,
        metadataBytes: 0,
      }),
    );
    const reader = new FrameReader({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxBlockBytes: METADATA_PART_BYTES,
    });
    const batch = new Uint8Array(MAX_MESSAGE_BYTES);
    while (collector.result === undefined) {
      const end = outbox.drainTo(batch, 0);
      for (let at = 0; at < end;) at += await connection.write(batch.subarray(at, end));
      const sizeBytes = await connection.read(reader.room());
      if (sizeBytes === null) throw new ProtocolViolation("metadata: the peer hung up");
      reader.advance(sizeBytes, collector);
    }
    return collector.result;
  } finally {
    options.signal.removeEventListener("abort", stop);
    stop();
    await late;
  }
}

/** Resolves when the peer has taken too long, or when the signal is aborted. */
async function whenLate(
  collector: MetadataCollector,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let arrived = 0;
  for (let passedMs = 0; passedMs < DEADLINE_MS; passedMs += IDLE_MS) {
    await sleep(clock, IDLE_MS, signal);
    if (signal.aborted || collector.arrivedCount === arrived) return;
    arrived = collector.arrivedCount;
  }
}

/** Requests the parts and puts them together as they arrive. */
class MetadataCollector implements FrameHandler {
  readonly #outbox: Outbox;
  readonly #maxBytes: number;
  #extension = 0;
  #bytes: Uint8Array | undefined;
  #arrived = new Set<number>();
  #asked = 0;

  constructor(outbox: Outbox, maxBytes: number) {
    this.#outbox = outbox;
    this.#maxBytes = maxBytes;
  }

  /** The whole dictionary, once every part has arrived. */
  get result(): Uint8Array | undefined {
    return this.#bytes !== undefined && this.#arrived.size === this.#partCount
      ? this.#bytes
      : undefined;
  }

  /** How many parts have arrived. */
  get arrivedCount(): number {
    return this.#arrived.size;
  }

  get #partCount(): number {
    return Math.ceil((this.#bytes?.length ?? 0) / METADATA_PART_BYTES);
  }

  onMessage(id: number, payload: Uint8Array): void {
    if (id !== MessageId.extended) return;
    if (payload[0] === 0) this.#onExtensions(payload.subarray(1));
    else if (payload[0] === METADATA_EXTENSION) this.#onPart(payload.subarray(1));
  }

  onBlockStart(): void {
    throw new ProtocolViolation("metadata: a block that nobody asked for");
  }

  onBlockBytes(): void {}

  onBlockEnd(): void {}

  #onExtensions(payload: Uint8Array): void {
    if (this.#bytes !== undefined) return;
    const { metadataExtension, metadataBytes } = decodeExtensions(payload) ?? {};
    if (metadataExtension === undefined || metadataBytes === undefined) {
      throw new ProtocolViolation("metadata: the peer does not offer it");
    }
    if (metadataBytes > this.#maxBytes) {
      throw new ProtocolViolation(
        `metadata: expected at most ${this.#maxBytes} bytes, there are ${metadataBytes}`,
      );
    }
    this.#extension = metadataExtension;
    this.#bytes = new Uint8Array(metadataBytes);
    this.#ask();
  }

  #onPart(payload: Uint8Array): void {
    const message = decodeMetadataMessage(payload);
    if (message === undefined || message.type === "request" || this.#bytes === undefined) return;
    if (message.type === "reject") throw new ProtocolViolation("metadata: the peer refuses");
    const start = message.part * METADATA_PART_BYTES;
    const expectedBytes = Math.min(METADATA_PART_BYTES, this.#bytes.length - start);
    if (message.bytes.length !== expectedBytes) {
      throw new ProtocolViolation(`metadata: part ${message.part} has another size than it should`);
    }
    this.#bytes.set(message.bytes, start);
    this.#arrived.add(message.part);
    this.#ask();
  }

  #ask(): void {
    while (this.#asked < this.#partCount && this.#asked - this.#arrived.size < WINDOW_PARTS) {
      const request = encodeMetadataMessage({ type: "request", part: this.#asked++ }, 0);
      this.#outbox.extended(this.#extension, request);
    }
  }
}
