/**
 * The messages of the peer protocol (BEP 3; BEP 6, the fast extension; BEP 10, the extension protocol), and the outbox
 * in which they wait to be sent. Pure. Blocks are not in here: they go from the disk to the send buffer directly, see
 * `block_batch.ts`.
 */

/** The message ids: the byte after a message's length. */
export const MessageId = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
} as const;

/** The size of requests that every client makes, and the unit in which pieces in progress are accounted for. */
export const BLOCK_BYTES = 16 * 1024;

/** The largest request of other clients that is served: older ones send at most this, the usual ones 16 KiB. */
export const MAX_FOREIGN_REQUEST_BYTES = 128 * 1024;

/** Size of what precedes a block's bytes: length, id, index, begin. */
export const BLOCK_HEADER_BYTES = 13;

/** A range of one piece, as it is requested, cancelled or rejected. */
export interface BlockRange {
  /** The piece. */
  readonly index: number;
  /** Offset within the piece, in bytes. */
  readonly begin: number;
  readonly sizeBytes: number;
}

/** A peer broke the protocol: its connection ends, and nothing else. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

/** Reads four bytes, big-endian. The caller has made sure that they are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Writes four bytes, big-endian. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes what precedes a block's bytes, which follow at `at + BLOCK_HEADER_BYTES`. */
export function writeBlockHeader(bytes: Uint8Array, at: number, block: BlockRange): void {
  writeUint32(bytes, at, 9 + block.sizeBytes);
  bytes[at + 4] = MessageId.piece;
  writeUint32(bytes, at + 5, block.index);
  writeUint32(bytes, at + 9, block.begin);
}

/** Size of what precedes the payload of a message of the extension protocol: length, id, extension number. */
export const EXTENDED_HEADER_BYTES = 6;

/** Writes a whole message of the extension protocol (BEP 10); returns where it ends. */
export function writeExtended(
  bytes: Uint8Array,
  at: number,
  { extension, payload }: { readonly extension: number; readonly payload: Uint8Array },
): number {
  writeUint32(bytes, at, 2 + payload.length);
  bytes[at + 4] = MessageId.extended;
  bytes[at + 5] = extension;
  bytes.set(payload, at + EXTENDED_HEADER_BYTES);
  return at + EXTENDED_HEADER_BYTES + payload.length;
}

/** Throws a {@link ProtocolViolation} unless a message's payload has that size. */
export function expectBytes(what: string, payload: Uint8Array, sizeBytes: number): void {
  if (payload.length === sizeBytes) return;
  throw new ProtocolViolation(
    `${what}: expected ${sizeBytes} bytes, there were ${payload.length}`,
  );
}

/** Reads the payload of a request, cancel or reject. Throws a {@link ProtocolViolation} if it has another size. */
export function readRange(what: string, payload: Uint8Array): BlockRange {
  expectBytes(what, payload, 12);
  return {
    index: readUint32(payload, 0),
    begin: readUint32(payload, 4),
    sizeBytes: readUint32(payload, 8),
  };
}

/** Throws a {@link ProtocolViolation} unless the bitfield is of exactly this many pieces. */
export function expectBitfield(pieces: Uint8Array, pieceCount: number): void {
  const byteCount = Math.ceil(pieceCount / 8);
  const spareBits = byteCount * 8 - pieceCount;
  const isWhole = pieces.length === byteCount;
  if (isWhole && ((pieces.at(-1) ?? 0) & ((1 << spareBits) - 1)) === 0) return;
  throw new ProtocolViolation(
    `bitfield: expected one of ${pieceCount} pieces, there were ${pieces.length} bytes` +
      (isWhole ? ", with bits of pieces that do not exist" : ""),
  );
}

/** First size of an outbox: most connections never need more, which is the requests and haves of a few milliseconds. */
const FIRST_CAPACITY_BYTES = 4 * 1024;

/** The messages that wait to be sent to one peer, in order, as one run of bytes. */
export class Outbox {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #start = 0;
  #end = 0;

  /**
   * A peer for which more than `maxBytes` wait does not read: adding a message then throws {@link ProtocolViolation}.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes wait. */
  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  /** BEP 3: a message of length zero. */
  keepAlive(): void {
    writeUint32(this.#bytes, this.#claim(4), 0);
  }

  /** A message without a payload: choke, unchoke, interested, notInterested, haveAll, haveNone. */
  signal(id: number): void {
    this.#begin(id, 0);
  }

  /** BEP 3: we have got that piece. */
  have(index: number): void {
    const at = this.#begin(MessageId.have, 4);
    writeUint32(this.#bytes, at, index);
  }

  /** BEP 6: we would rather be asked for that piece than for others. */
  suggest(index: number): void {
    const at = this.#begin(MessageId.suggest, 4);
    writeUint32(this.#bytes, at, index);
  }

  /** BEP 3: the pieces that we have; only valid as the first message. */
  bitfield(pieces: Uint8Array): void {
    const at = this.#begin(MessageId.bitfield, pieces.length);
    this.#bytes.set(pieces, at);
  }

  /** A message about a range: request, cancel (BEP 3) or reject (BEP 6). */
  range(id: number, range: BlockRange): void {
    const at = this.#begin(id, 12);
    const bytes = this.#bytes;
    writeUint32(bytes, at, range.index);
    writeUint32(bytes, at + 4, range.begin);
    writeUint32(bytes, at + 8, range.sizeBytes);
  }

  /** BEP 10: extension 0 is the extension handshake; the other numbers are those of the peer's own handshake. */
  extended(extension: number, payload: Uint8Array): void {
    const at = this.#begin(MessageId.extended, 1 + payload.length);
    this.#bytes[at] = extension;
    this.#bytes.set(payload, at + 1);
  }

  /** Moves as many bytes as there is room for to `target` from `at` on; returns how many. */
  drainTo(target: Uint8Array, at: number): number {
    const sizeBytes = Math.min(this.sizeBytes, target.length - at);
    target.set(this.#bytes.subarray(this.#start, this.#start + sizeBytes), at);
    this.#start += sizeBytes;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return sizeBytes;
  }

  /** Writes length and id; returns the position of the payload. */
  #begin(id: number, payloadBytes: number): number {
    const at = this.#claim(5 + payloadBytes);
    writeUint32(this.#bytes, at, 1 + payloadBytes);
    this.#bytes[at + 4] = id;
    return at + 5;
  }

  /** Makes room at the end of the run; returns its position. */
  #claim(sizeBytes: number): number {
    const waitingBytes = this.sizeBytes;
    if (waitingBytes + sizeBytes > this.#maxBytes) {
      throw new ProtocolViolation(
        `send: ${waitingBytes} bytes wait already, at most ${this.#maxBytes} may; the peer does not read`,
      );
    }
    if (this.#end + sizeBytes > this.#bytes.length) {
      const capacityBytes = Math.max(FIRST_CAPACITY_BYTES, (waitingBytes + sizeBytes) * 2);
      const grown = capacityBytes > this.#bytes.length
        ? new Uint8Array(capacityBytes)
        : this.#bytes;
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#start = 0;
      this.#end = waitingBytes;
    }
    const at = this.#end;
    this.#end += sizeBytes;
    return at;
  }
}
