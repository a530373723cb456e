/** What one peer has, as it says it bit by bit, and its place in the picker's counts. */

import type { Distance } from "../locality.ts";
import { PieceSet } from "../piece_set.ts";
import { FreshPieces } from "./fresh_pieces.ts";
import { expectBitfield, ProtocolViolation } from "./messages.ts";
import type { Picker } from "./picker.ts";

/** See the file's head. */
export class PeerPieces {
  /** Those that it may be asked for. */
  readonly has: PieceSet;
  readonly #pieceCount: number;
  readonly #picker: Picker;
  #count = 0;
  #distance: Distance = "remote";
  #isCounted = false;
  #joinedFull = false;
  /** What it has only just got, and may suggest to us or to somebody else. */
  #fresh: FreshPieces | undefined;

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
  onPieces(pieces: Uint8Array | "all" | "none", nowMs: number): void {
    if (pieces instanceof Uint8Array) expectBitfield(pieces, this.#pieceCount);
    const said = pieces === "all"
      ? PieceSet.full(this.#pieceCount)
      : new PieceSet(this.#pieceCount, pieces === "none" ? undefined : pieces);
    if (this.#isCounted) {
      for (const index of said) this.onHave(index, nowMs);
      return;
    }
    this.has.bytes.set(said.bytes);
    for (const _index of said) this.#count++;
    this.#join();
  }

  /** It suggests what it gets to one of those who ask for it; the others leave that to wait. */
  expectSuggestions(): void {
    this.#fresh ??= new FreshPieces();
  }

  /** Whether the peer has told that it has that piece. */
  holds(index: number): boolean {
    return this.has.has(index) || (this.#fresh?.has(index) ?? false);
  }

  /** BEP 3: the peer has got a piece. False if it may not be asked for that, or might before. */
  onHave(index: number, nowMs: number): boolean {
    if (index >= this.#pieceCount) throw new ProtocolViolation(`have: there is no piece ${index}`);
    if (this.holds(index)) return false;
    if (this.#fresh === undefined) return this.#learn(index);
    this.#fresh.add(index, nowMs);
    return false;
  }

  /** BEP 6: it would rather be asked for that one than for others. True if it could not be asked for that before. */
  onSuggest(index: number): boolean {
    return (this.#fresh?.take(index) ?? false) && this.#learn(index);
  }

  /** Time has passed; whether it may be asked for something more. */
  onTime(nowMs: number): boolean {
    let isMore = false;
    for (const index of this.#fresh?.due(nowMs) ?? []) isMore = this.#learn(index);
    return isMore;
  }

  /** We have nothing else to do; whether it may be asked for something more. */
  hurry(): boolean {
    const index = this.#fresh?.shift();
    return index !== undefined && this.#learn(index);
  }

  /** How long until `onTime` may change something, or undefined for never. */
  dueInMs(nowMs: number): number | undefined {
    return this.#fresh?.dueInMs(nowMs);
  }

  /** The connection has gone. */
  leave(): void {
    if (this.#isCounted) this.#picker.removePeer(this.has, this.#distance);
    this.#isCounted = false;
  }

  #learn(index: number): boolean {
    this.#join();
    this.has.add(index);
    this.#count++;
    this.#picker.peerGot(index, this.#distance);
    return true;
  }

  #join(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#joinedFull = this.isSeed;
    this.#picker.addPeer(this.has, this.#distance);
  }
}
