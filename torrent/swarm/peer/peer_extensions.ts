/**
 * The extension protocol (BEP 10) with one peer: what both ends say of themselves, and the metadata (BEP 9) on request.
 */

import type { Locality } from "../../../base/locality.ts";
import {
  decodeExtensions,
  decodeMetadataMessage,
  encodeExtensions,
  METADATA_EXTENSION,
  type PeerExtensions as Extensions,
} from "../wire/extension_protocol.ts";
import type { Outbox } from "../wire/messages.ts";
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

/** One peer's use of the extension protocol. */
export class PeerExtensions {
  readonly #outbox: Outbox;
  readonly #metadata: MetadataService;
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
    const answer = this.#metadata.answer(message);
    if (answer !== undefined) this.#outbox.extended(number, answer);
    return undefined;
  }
}
