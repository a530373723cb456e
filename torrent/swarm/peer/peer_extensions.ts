/**
 * The extension protocol (BEP 10) with one peer: what both ends say of themselves, and the metadata (BEP 9) on request.
 */

import type { Locality } from "../../../base/locality.ts";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  METADATA_EXTENSION,
  METADATA_PART_BYTES,
  type PeerExtensions as Extensions,
} from "../wire/extension_protocol.ts";
import {
  EXTENDED_HEADER_BYTES,
  type Outbox,
  ProtocolViolation,
  writeExtended,
} from "../wire/messages.ts";
import { MetadataService } from "../metadata/metadata_service.ts";
import { MAX_REQUEST_BYTES } from "./peer_upload.ts";
import { MAX_QUEUED_REQUESTS } from "./upload_queue.ts";

/** What we say of ourselves. */
export interface OwnExtensions {
  /** Where we are. */
  readonly locality: Locality;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** The info dictionary. */
  readonly infoBytes: Uint8Array;
}

/** A message with one part: its header, the dictionary before the part, the part. */
const PART_MESSAGE_BYTES = EXTENDED_HEADER_BYTES + 256 + METADATA_PART_BYTES;
/** So many requests may wait beside those that are answered with a part: each is rejected. */
const MAX_EXCESS_REQUESTS = 64;

/** One peer's use of the extension protocol. */
export class PeerExtensions {
  readonly #outbox: Outbox;
  readonly #metadata: MetadataService;
  /**
   * Parts that were requested and not sent yet; they are made when they are sent, or a peer that does not read would
   * hold them.
   */
  readonly #requested: number[] = [];
  #theirs: Extensions | undefined;

  constructor(outbox: Outbox, infoBytes: Uint8Array) {
    this.#outbox = outbox;
    this.#metadata = new MetadataService(infoBytes);
  }

  /** Where the peer is, if it has said so. */
  get locality(): Locality | undefined {
    return this.#theirs?.locality;
  }

  /** The TCP port on which the peer listens, if it has said so. */
  get port(): number | undefined {
    return this.#theirs?.port;
  }

  /** Sends our extension handshake. */
  sendHandshake({ locality, port, infoBytes }: OwnExtensions): void {
    this.#outbox.extended(
      0,
      encodeExtensions({
        port,
        locality,
        maxRequests: MAX_QUEUED_REQUESTS,
        maxRequestBytes: MAX_REQUEST_BYTES,
        metadataBytes: infoBytes.length,
      }),
    );
  }

  /** A message of the extension protocol. Returns the peer's extension handshake, if this was one that can be read. */
  onMessage(payload: Uint8Array): Extensions | undefined {
    const [extension] = payload;
    if (extension === 0 && this.#theirs === undefined) {
      this.#theirs = decodeExtensions(payload.subarray(1));
      return this.#theirs;
    }
    if (extension !== METADATA_EXTENSION) return undefined;
    const number = this.#theirs?.metadataExtension;
    const message = decodeMetadataMessage(payload.subarray(1));
    if (number === undefined || message === undefined) return undefined;
    if (message.type === "request") this.#onRequest(message.part);
    return undefined;
  }

  /** Whether parts of the metadata are to be sent. */
  get hasMetadata(): boolean {
    return this.#requested.length > 0;
  }

  /** Adds as many of the requested parts as the batch has room for; returns where they end. */
  addMetadata(batch: Uint8Array, at: number): number {
    const extension = this.#theirs?.metadataExtension ?? 0;
    while (batch.length - at >= PART_MESSAGE_BYTES) {
      const part = this.#requested.shift();
      if (part === undefined) break;
      at = writeExtended(batch, at, { extension, payload: this.#metadata.answer(part) });
    }
    return at;
  }

  #onRequest(part: number): void {
    if (this.#requested.length >= this.#metadata.maxParts + MAX_EXCESS_REQUESTS) {
      throw new ProtocolViolation(
        `metadata: ${this.#requested.length} requests wait, there are ${this.#metadata.maxParts} parts to give`,
      );
    }
    this.#requested.push(part);
  }
}
