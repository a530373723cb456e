/** A set of piece indexes as a bitfield: highest bit first, as BEP 3 sends it. */
export class PieceSet {
  /** One bit per piece; the spare bits of the last byte are zero. */
  readonly bytes: Uint8Array;
  readonly #pieceCount: number;

  /** An empty set, or the one whose bits are given (copied). */
  constructor(pieceCount: number, bytes?: Uint8Array) {
    this.#pieceCount = pieceCount;
    this.bytes = new Uint8Array(Math.ceil(pieceCount / 8));
    if (bytes !== undefined) this.bytes.set(bytes.subarray(0, this.bytes.length));
  }

  /** The set of all pieces. */
  static full(pieceCount: number): PieceSet {
    const set = new PieceSet(pieceCount);
    for (let index = 0; index < pieceCount; index++) set.add(index);
    return set;
  }

  /** Whether a piece is in the set. */
  has(index: number): boolean {
    return ((this.bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
  }

  /** Adds a piece. */
  add(index: number): void {
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) | (0x80 >> (index & 7));
  }

  /** Removes a piece. */
  delete(index: number): void {
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) & ~(0x80 >> (index & 7));
  }

  /** Visits the indexes in ascending order; eight that are not in the set cost one look. */
  forEach(visit: (index: number) => void): void {
    for (let byteIndex = 0; byteIndex < this.bytes.length; byteIndex++) {
      const bits = this.bytes[byteIndex] ?? 0;
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (0x80 >> bit)) !== 0) visit(byteIndex * 8 + bit);
      }
    }
  }

  /** The indexes in ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let index = 0; index < this.#pieceCount; index++) if (this.has(index)) yield index;
  }
}
