/** The handshake: the 68 bytes with which both ends of a connection begin (BEP 3). Pure. */

import { Buffer } from "node:buffer";
import { ProtocolViolation } from "./messages.ts";

/** Length of a handshake in bytes. */
export const HANDSHAKE_BYTES = 68;

const PROTOCOL = new TextEncoder().encode("BitTorrent protocol");
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;
const PEER_ID_AT = 48;
/** BEP 10: the bit of the extension protocol in the sixth reserved byte. */
const EXTENDED_BIT = 0x10;
/** BEP 6: the bit of the fast extension in the last reserved byte. */
const FAST_BIT = 0x04;

/** What a handshake says. */
export interface Handshake {
  /** Info hash of the release, 40 hexadecimal digits. */
  readonly infoHash: string;
  /** Peer id of the sender, 40 hexadecimal digits. */
  readonly peerId: string;
  /** Whether the sender speaks the fast extension (BEP 6). */
  readonly fast: boolean;
  /** Whether the sender speaks the extension protocol (BEP 10). */
  readonly extended: boolean;
}

/** Writes our handshake, which offers both extensions. */
export function encodeHandshake(infoHash: string, peerId: string): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes[0] = PROTOCOL.length;
  bytes.set(PROTOCOL, 1);
  bytes[RESERVED_AT + 5] = EXTENDED_BIT;
  bytes[RESERVED_AT + 7] = FAST_BIT;
  bytes.set(Buffer.from(infoHash, "hex"), INFO_HASH_AT);
  bytes.set(Buffer.from(peerId, "hex"), PEER_ID_AT);
  return bytes;
}

/** Reads a peer's handshake. Throws {@link ProtocolViolation} for anything else, such as an encrypted handshake. */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  const isOurs = bytes.length === HANDSHAKE_BYTES && bytes[0] === PROTOCOL.length &&
    PROTOCOL.every((byte, at) => bytes[at + 1] === byte);
  if (!isOurs) {
    throw new ProtocolViolation("handshake: expected that of BitTorrent, there was something else");
  }
  return {
    infoHash: Buffer.from(bytes.subarray(INFO_HASH_AT, PEER_ID_AT)).toString("hex"),
    peerId: Buffer.from(bytes.subarray(PEER_ID_AT)).toString("hex"),
    extended: ((bytes[RESERVED_AT + 5] ?? 0) & EXTENDED_BIT) !== 0,
    fast: ((bytes[RESERVED_AT + 7] ?? 0) & FAST_BIT) !== 0,
  };
}
