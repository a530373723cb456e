/** Serves the info dictionary, part by part, to a peer that has only its hash (BEP 9). Bounded and pure. */

import { outlineBencode } from "../../release/bencode_check.ts";
import { encodeMetadataMessage, METADATA_PART_BYTES } from "../wire/extension_protocol.ts";

/** How often one peer is served the whole dictionary: once, and once more in case it has to begin again. */
const MAX_COPIES = 2;

/** Answers one peer's requests for metadata. */
export class MetadataService {
  readonly #infoBytes: Uint8Array;
  readonly #partCount: number;
  #served = 0;

  constructor(infoBytes: Uint8Array) {
    this.#infoBytes = infoBytes;
    this.#partCount = Math.ceil(infoBytes.length / METADATA_PART_BYTES);
  }

  /** How many parts one peer is given at most. */
  get maxParts(): number {
    return MAX_COPIES * this.#partCount;
  }

  /** The payload that answers a request for that part: the part, or a reject. */
  answer(part: number): Uint8Array {
    const totalBytes = this.#infoBytes.length;
    if (part >= this.#partCount || this.#served >= this.maxParts) {
      return encodeMetadataMessage({ type: "reject", part }, totalBytes);
    }
    this.#served++;
    const start = part * METADATA_PART_BYTES;
    const bytes = this.#infoBytes.subarray(start, start + METADATA_PART_BYTES);
    return encodeMetadataMessage({ type: "data", part, bytes }, totalBytes);
  }
}

/** The encoded info dictionary of a .torrent that `readRelease` has accepted. */
export function infoBytesOf(metainfo: Uint8Array): Uint8Array {
  const range = outlineBencode(metainfo)?.entries.get("info");
  if (range === undefined) throw new Error("read .torrent: expected an info dictionary");
  return metainfo.subarray(range.start, range.end);
}
