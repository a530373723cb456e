/** What one peer has, as it says it bit by bit, and its place in the picker's counts. */

import type { Distance } from "../locality.ts";
import { PieceSet } from "../piece_set.ts";
import { expectBitfield, ProtocolViolation } from "./messages.ts";
import type { Picker } from "./picker.ts";

/** See the file's head. */
export class PeerPieces {
  readonly has: PieceSet;
  readonly #pieceCount: number;
  readonly #picker: Picker;
  #count = 0;
  #distance: Distance = "remote";
  #isCounted = false;
  #joinedFull = false;

  constructor(pieceCount: number, picker: Picker) {
    this.#pieceCount = pieceCount;
    this.#picker = picker;
    this.has = new PieceSet(pieceCount);
  }

  /** Whether it has everything. */
  get isSeed(): boolean {
    return this.#count === this.#pieceCount;
  }

  /** Whether it had everything when it joined. */
  get joinedFull(): boolean {
    return this.#joinedFull;
  }

  /** The peer has told where it stands. */
  move(distance: Distance): void {
    if (distance === this.#distance) return;
    if (this.#isCounted) this.#picker.removePeer(this.has, this.#distance);
    this.#distance = distance;
    if (this.#isCounted) this.#picker.addPeer(this.has, distance);
  }

  /**
   * BEP 3 lets a peer say it once, before all else; BEP 6 knows all and none. aria2 says it later as
   * well, in place of many haves: what is new in it counts as those.
   */
  onPieces(pieces: Uint8Array | "all" | "none"): void {
    if (pieces instanceof Uint8Array) expectBitfield(pieces, this.#pieceCount);
    const said = pieces === "all"
      ? PieceSet.full(this.#pieceCount)
      : new PieceSet(this.#pieceCount, pieces === "none" ? undefined : pieces);
    if (this.#isCounted) {
      for (const index of said) this.onHave(index);
      return;
    }
    this.has.bytes.set(said.bytes);
    for (const _index of said) this.#count++;
    this.#join();
  }

  /** BEP 3: the peer has got a piece. False if it had told so before. */
  onHave(index: number): boolean {
    if (index >= this.#pieceCount) throw new ProtocolViolation(`have: there is no piece ${index}`);
    if (this.has.has(index)) return false;
    this.#join();
    this.has.add(index);
    this.#count++;
    this.#picker.peerGot(index, this.#distance);
    return true;
  }

  /** The connection has gone. */
  leave(): void {
    if (this.#isCounted) this.#picker.removePeer(this.has, this.#distance);
    this.#isCounted = false;
  }

  #join(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#joinedFull = this.isSeed;
    this.#picker.addPeer(this.has, this.#distance);
  }
}
