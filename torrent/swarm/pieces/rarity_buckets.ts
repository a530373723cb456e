/**
 * Pieces sorted by how many peers have them, so that the rarest is found without a search: one growable list per count,
 * a bitmap of the lists that are not empty, and the position of each piece in its list.
 */

/** Capacity of a list when its first piece is added. */
const FIRST_ROOM = 8;

/** Pieces by count. The cost of an operation does not depend on the number of pieces (growth: amortised). */
export class RarityBuckets {
  readonly #lists: Uint32Array[] = [];
  readonly #lengths: number[] = [];
  /** One bit per list: whether it holds a piece. As many words as peers / 32. */
  readonly #occupied: number[] = [];
  /** The position of each piece in its list; without meaning for a piece that is in none. */
  readonly #positions: Uint32Array;

  constructor(pieceCount: number) {
    this.#positions = new Uint32Array(pieceCount);
  }

  /** Puts a piece that is in no list into the one of that count. */
  add(piece: number, count: number): void {
    while (this.#lists.length <= count) {
      this.#lists.push(new Uint32Array(0));
      this.#lengths.push(0);
    }
    const length = this.#lengths[count] ?? 0;
    let list = this.#lists[count]!;
    if (length === list.length) list = this.#resize(count, Math.max(FIRST_ROOM, length * 2));
    list[length] = piece;
    this.#positions[piece] = length;
    this.#lengths[count] = length + 1;
    if (length === 0) this.#occupied[count >> 5] = (this.#occupied[count >> 5] ?? 0) | bitOf(count);
  }

  /** Takes a piece out of the list of that count, in which it has to be. The list's last piece takes its place. */
  remove(piece: number, count: number): void {
    const list = this.#lists[count]!;
    const last = this.#lengths[count]! - 1;
    const position = this.#positions[piece]!;
    const moved = list[last]!;
    list[position] = moved;
    this.#positions[moved] = position;
    this.#lengths[count] = last;
    if (last === 0) this.#occupied[count >> 5] = (this.#occupied[count >> 5] ?? 0) & ~bitOf(count);
    // A list that once held every piece must not keep that room: there may be as many lists as peers.
    if (last > FIRST_ROOM && last * 4 < list.length) this.#resize(count, last * 2);
  }

  /** The smallest count from `least` on that some piece has, or -1. */
  nextCount(least: number): number {
    let word = least >> 5;
    let bits = (this.#occupied[word] ?? 0) & ~(bitOf(least) - 1);
    while (bits === 0) {
      if (++word >= this.#occupied.length) return -1;
      bits = this.#occupied[word] ?? 0;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  /** How many pieces have that count. */
  lengthOf(count: number): number {
    return this.#lengths[count] ?? 0;
  }

  /** A piece of that count, by its position in the list. */
  at(count: number, place: number): number {
    return this.#lists[count]![place]!;
  }

  #resize(count: number, room: number): Uint32Array {
    const list = new Uint32Array(room);
    list.set(this.#lists[count]!.subarray(0, Math.min(room, this.#lengths[count]!)));
    this.#lists[count] = list;
    return list;
  }
}

function bitOf(count: number): number {
  return 1 << (count & 31);
}
