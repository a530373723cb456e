/**
 * The numbers of the peer protocol, and the buffer in which messages wait to be sent. Pure bytes:
 * BEP 3 (base), BEP 6 (fast extension), BEP 10 (extension protocol). Blocks are not in here, they go
 * from the disk to the socket's buffer directly (see `block_batch.ts`).
 */

/** What the byte after a message's length means. */
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

/** The unit that every client asks in, and in which pieces in progress are accounted for. */
export const BLOCK_BYTES = 16 * 1024;

/**
 * The largest request that is served to whoever did not say more: what older clients send at most;
 * the usual ones send 16 KiB.
 */
export const MAX_FOREIGN_REQUEST_BYTES = 128 * 1024;

/** Length, id, index, begin: what stands before a block's bytes. */
export const BLOCK_HEADER_BYTES = 13;

/** A range of one piece, as requested, cancelled or rejected. */
export interface BlockRange {
  readonly index: number;
  readonly begin: number;
  readonly sizeBytes: number;
}

/** A peer broke the protocol: its connection, and nothing else, ends. */
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

/** Writes what stands before a block's bytes; they follow at `at + BLOCK_HEADER_BYTES`. */
export function writeBlockHeader(bytes: Uint8Array, at: number, block: BlockRange): void {
  writeUint32(bytes, at, 9 + block.sizeBytes);
  bytes[at + 4] = MessageId.piece;
  writeUint32(bytes, at + 5, block.index);
  writeUint32(bytes, at + 9, block.begin);
}

/** Throws a {@link ProtocolViolation} unless a message's payload has that size. */
export function expectBytes(what: string, payload: Uint8Array, sizeBytes: number): void {
  if (payload.length === sizeBytes) return;
  throw new ProtocolViolation(
    `${what}: expected ${sizeBytes} bytes, there were ${payload.length}`,
  );
}

/** The payload of a request, cancel or reject; throws a {@link ProtocolViolation}. */
export function readRange(what: string, payload: Uint8Array): BlockRange {
  expectBytes(what, payload, 12);
  return {
    index: readUint32(payload, 0),
    begin: readUint32(payload, 4),
    sizeBytes: readUint32(payload, 8),
  };
}

/** Throws a {@link ProtocolViolation} unless that is a bitfield of so many pieces, and no more. */
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

/** Most connections never need more: requests and haves of a few milliseconds. */
const FIRST_CAPACITY_BYTES = 4 * 1024;

/** Messages in the order in which they are to be sent, as one run of bytes. */
export class Outbox {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES);
  #start = 0;
  #end = 0;

  /** With more than that waiting, a peer does not read: adding throws {@link ProtocolViolation}. */
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

  /** BEP 3: a piece has been verified. */
  have(index: number): void {
    const at = this.#begin(MessageId.have, 4);
    writeUint32(this.#bytes, at, index);
  }

  /** BEP 6: a piece that the peer had better ask us for. */
  suggest(index: number): void {
    const at = this.#begin(MessageId.suggest, 4);
    writeUint32(this.#bytes, at, index);
  }

  /** BEP 3: the pieces that are there, once, before anything else. */
  bitfield(pieces: Uint8Array): void {
    const at = this.#begin(MessageId.bitfield, pieces.length);
    this.#bytes.set(pieces, at);
  }

  /** A message about a range: request, cancel or reject (BEP 6). */
  range(id: number, range: BlockRange): void {
    const at = this.#begin(id, 12);
    const bytes = this.#bytes;
    writeUint32(bytes, at, range.index);
    writeUint32(bytes, at + 4, range.begin);
    writeUint32(bytes, at + 8, range.sizeBytes);
  }

  /** BEP 10: number 0 is the extension handshake, others are what the peer said in its own. */
  extended(extension: number, payload: Uint8Array): void {
    const at = this.#begin(MessageId.extended, 1 + payload.length);
    this.#bytes[at] = extension;
    this.#bytes.set(payload, at + 1);
  }

  /** Moves as much as there is room for into `target` from `at` on; returns how many bytes. */
  drainTo(target: Uint8Array, at: number): number {
    const sizeBytes = Math.min(this.sizeBytes, target.length - at);
    target.set(this.#bytes.subarray(this.#start, this.#start + sizeBytes), at);
    this.#start += sizeBytes;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return sizeBytes;
  }

  /** Writes length and id; returns where the payload goes. */
  #begin(id: number, payloadBytes: number): number {
    const at = this.#claim(5 + payloadBytes);
    writeUint32(this.#bytes, at, 1 + payloadBytes);
    this.#bytes[at + 4] = id;
    return at + 5;
  }

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
