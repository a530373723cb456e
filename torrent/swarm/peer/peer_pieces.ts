/** What one peer has, as it says it bit by bit, and its place in the picker's counts. */

import type { Distance } from "../../../base/locality.ts";
import { PieceSet } from "../../content/piece_set.ts";
import { DeferredPieces } from "../suggest/deferred_pieces.ts";
import { expectBitfield, ProtocolViolation } from "../wire/messages.ts";
import type { PiecePicker } from "../pieces/piece_picker.ts";

/** See the file's head. */
export class PeerPieces {
  /** Those that it may be asked for. */
  readonly has: PieceSet;
  readonly #pieceCount: number;
  readonly #picker: PiecePicker;
  #count = 0;
  #distance: Distance = "remote";
  #isCounted = false;
  #joinedFull = false;
  /** What it has only just got, and may suggest to us or to somebody else. */
  #fresh: DeferredPieces | undefined;

  constructor(pieceCount: number, picker: PiecePicker) {
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
    if (this.#isCounted) this.#remove();
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
      for (const index of said) this.onHave(index, { isOurs: false, nowMs });
      return;
    }
    this.has.bytes.set(said.bytes);
    for (const _index of said) this.#count++;
    this.#join();
  }

  /** It suggests what it gets to one of those who ask for it; the others leave that to wait. */
  expectSuggestions(): void {
    this.#fresh ??= new DeferredPieces();
  }

  /** Whether the peer has told that it has that piece. */
  holds(index: number): boolean {
    return this.has.has(index) || (this.#fresh?.has(index) ?? false);
  }

  /** BEP 3: the peer has got a piece. `isOurs`: so have we. */
  onHave(index: number, { isOurs, nowMs }: { isOurs: boolean; nowMs: number }): void {
    if (index >= this.#pieceCount) throw new ProtocolViolation(`have: there is no piece ${index}`);
    if (this.holds(index)) return;
    this.#join();
    this.#count++;
    // Also what waits is no longer rare, or others would be asked for it meanwhile.
    if (this.#fresh === undefined || isOurs) this.has.add(index);
    else this.#fresh.add(index, nowMs);
    this.#picker.peerGot(index, this.#distance);
  }

  /** BEP 6: it would rather be asked for that one than for others, and may be now. The same if we have got it. */
  stopWaiting(index: number): void {
    if (this.#fresh?.take(index)) this.#offer(index);
  }

  /** Time has passed: it may be asked for what has waited long enough. */
  onTime(nowMs: number): void {
    for (const index of this.#fresh?.due(nowMs) ?? []) this.#offer(index);
  }

  /** Whether there are pieces that others are to have first. */
  get isAnyWaiting(): boolean {
    return (this.#fresh?.size ?? 0) > 0;
  }

  /** We have nothing else to do; whether it may be asked for something more. */
  hurry(): boolean {
    const index = this.#fresh?.shift();
    if (index !== undefined) this.#offer(index);
    return index !== undefined;
  }

  /** How long until `onTime` may change something, or undefined for never. */
  dueInMs(nowMs: number): number | undefined {
    return this.#fresh?.dueInMs(nowMs);
  }

  /** The connection has gone. */
  leave(): void {
    if (this.#isCounted) this.#remove();
    this.#isCounted = false;
  }

  #offer(index: number): void {
    this.has.add(index);
    this.#picker.peerOffers(index);
  }

  /** Everything that is counted has to be in the set: also what waits. */
  #remove(): void {
    while (this.hurry());
    this.#picker.removePeer(this.has, this.#distance);
  }

  #join(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#joinedFull = this.isSeed;
    this.#picker.addPeer(this.has, this.#distance);
  }
}
