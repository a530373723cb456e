/**
 * The payloads of the extension protocol: the extension handshake (BEP 10), in which hosts that run Rollcall also say
 * where they are, and the exchange of metadata (BEP 9). Pure; everything that comes from a peer is checked.
 */

import { Buffer } from "node:buffer";
import bencode from "bencode";
import { z } from "zod";
import { outlineBencode } from "../../release/bencode_check.ts";
import type { Locality } from "../../../base/locality.ts";
import { peerLocalitySchema } from "../../peer_locality.ts";

/** The extension number under which peers send us messages of BEP 9; BEP 10 lets the receiver choose it. */
export const METADATA_EXTENSION = 2;

/** BEP 9 divides metadata into parts of this size. */
export const METADATA_PART_BYTES = 16 * 1024;

/** How many requests a peer accepts that does not say so; BEP 10 names this number. */
const DEFAULT_MAX_REQUESTS = 250;

/** What we say in the extension handshake. */
export interface OwnExtensions {
  /** The TCP port on which peers reach us; 0 if they cannot. */
  readonly port: number;
  /** Where we are; undefined: not said. */
  readonly locality: Locality | undefined;
  /** How many requests may wait here (reqq). */
  readonly maxRequests: number;
  /** Size of the largest request that is served here. */
  readonly maxRequestBytes: number;
  /** Size of the info dictionary; 0 if it is not known. */
  readonly metadataBytes: number;
}

/** What a peer said in its extension handshake; undefined where it said nothing that can be used. */
export interface PeerExtensions {
  /** The TCP port on which it listens. */
  readonly port: number | undefined;
  /** Where it is; only hosts that run Rollcall say so. */
  readonly locality: Locality | undefined;
  /** How many requests it accepts at a time. */
  readonly maxRequests: number;
  /** Size of the largest request that it accepts; only hosts that run Rollcall say so. */
  readonly maxRequestBytes: number | undefined;
  /** The extension number under which it wants messages of BEP 9; undefined if it does not support them. */
  readonly metadataExtension: number | undefined;
  /** Size of the info dictionary, if it has that. */
  readonly metadataBytes: number | undefined;
}

const count = z.number().int().positive();
const handshakeSchema = z.object({
  m: z.object({ ut_metadata: count.max(255).optional().catch(undefined) }).catch({}).default({}),
  p: count.max(65_535).optional().catch(undefined),
  reqq: count.max(1_000_000).catch(DEFAULT_MAX_REQUESTS).default(DEFAULT_MAX_REQUESTS),
  metadata_size: count.optional().catch(undefined),
  rollcall: peerLocalitySchema.optional().catch(undefined),
  rollcall_request: count.max(16 * 1024 * 1024).optional().catch(undefined),
});

/** The payload of our extension handshake. */
export function encodeExtensions(own: OwnExtensions): Uint8Array {
  return bencode.encode({
    m: { ut_metadata: METADATA_EXTENSION },
    ...own.metadataBytes > 0 ? { metadata_size: own.metadataBytes } : {},
    ...own.port > 0 ? { p: own.port } : {},
    reqq: own.maxRequests,
    ...own.locality === undefined ? {} : { rollcall: { ...own.locality } },
    rollcall_request: own.maxRequestBytes,
    v: "Rollcall",
  });
}

/** Reads the payload of a peer's extension handshake; undefined if it is not one. */
export function decodeExtensions(payload: Uint8Array): PeerExtensions | undefined {
  const parsed = handshakeSchema.safeParse(decode(payload)?.value).data;
  if (parsed === undefined) return undefined;
  return {
    port: parsed.p,
    locality: parsed.rollcall,
    maxRequests: parsed.reqq,
    maxRequestBytes: parsed.rollcall_request,
    metadataExtension: parsed.m.ut_metadata,
    metadataBytes: parsed.metadata_size,
  };
}

/** A message of BEP 9. */
export type MetadataMessage =
  | { readonly type: "request"; readonly part: number }
  | { readonly type: "data"; readonly part: number; readonly bytes: Uint8Array }
  | { readonly type: "reject"; readonly part: number };

const metadataSchema = z.object({
  msg_type: z.number().int(),
  piece: z.number().int().nonnegative(),
});

/** The payload of a message of BEP 9; `totalBytes` is the size of the whole metadata. */
export function encodeMetadataMessage(message: MetadataMessage, totalBytes: number): Uint8Array {
  switch (message.type) {
    case "request":
      return bencode.encode({ msg_type: 0, piece: message.part });
    case "reject":
      return bencode.encode({ msg_type: 2, piece: message.part });
    case "data": {
      const head = bencode.encode({ msg_type: 1, piece: message.part, total_size: totalBytes });
      return new Uint8Array(Buffer.concat([head, message.bytes]));
    }
  }
}

/** Reads the payload of a peer's message of BEP 9; undefined if it is not one. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  const decoded = decode(payload);
  const parsed = metadataSchema.safeParse(decoded?.value).data;
  if (decoded === undefined || parsed === undefined) return undefined;
  const part = parsed.piece;
  switch (parsed.msg_type) {
    case 0:
      return { type: "request", part };
    case 1:
      return { type: "data", part, bytes: payload.subarray(decoded.sizeBytes) };
    case 2:
      return { type: "reject", part };
    default:
      return undefined;
  }
}

/** The bencode library trusts the lengths that it reads, so only well-formed payloads are handed to it. */
function decode(payload: Uint8Array): { value: unknown; sizeBytes: number } | undefined {
  const outline = outlineBencode(payload);
  if (outline === undefined) return undefined;
  return {
    value: bencode.decode(payload.slice(0, outline.sizeBytes)),
    sizeBytes: outline.sizeBytes,
  };
}
