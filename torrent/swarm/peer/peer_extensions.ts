/** The extension protocol (BEP 10) with one peer: who each of us is, and the metadata (BEP 9) for whoever asks. */

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

/** Who we are. */
export interface OwnExtensions {
  readonly locality: Locality;
  /** The TCP port on which peers reach us. */
  readonly port: number;
  /** The info dictionary. */
  readonly infoBytes: Uint8Array;
}

/** See the file's head. */
export class PeerExtensions {
  readonly #outbox: Outbox;
  readonly #metadata: MetadataService;
  #theirs: Extensions | undefined;

  constructor(outbox: Outbox, infoBytes: Uint8Array) {
    this.#outbox = outbox;
    this.#metadata = new MetadataService(infoBytes);
  }

  /** Where it stands, if it has said so. */
  get locality(): Locality | undefined {
    return this.#theirs?.locality;
  }

  /** The TCP port on which it listens, if it has said so. */
  get port(): number | undefined {
    return this.#theirs?.port;
  }

  /** Says who we are. */
  greet({ locality, port, infoBytes }: OwnExtensions): void {
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

  /** A message of the protocol. Returns what the peer has said of itself, if this was it and made sense. */
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
