/**
 * Which pieces may come from outside of the rack when the import is striped (`base/stripes.ts`): from the site those of our
 * own stripes that no peer of the rack has, from other sites those of the stripes that we bring into the site and that no
 * peer of the site has. All others come from the rack. Seeds that are spared count as another site. Pure.
 */

import type { Distance } from "../../../base/locality.ts";
import { STRIPE_COUNT, type StripeDuty } from "../../../base/stripes.ts";
import { PieceSet } from "../../content/piece_set.ts";
import type { Candidates } from "./bitfield_walk.ts";

/** A peer as far as the import goes. */
export interface ImportSource {
  readonly distance: Distance;
  /** Whether it had every piece when it connected. */
  readonly joinedAsSeed: boolean;
}

/** The pieces that we bring in. */
interface DutyPieces {
  readonly rack: PieceSet;
  readonly site: PieceSet;
  readonly sparesSeeds: boolean;
}

/** What may come from where. Without a duty everything may come from everywhere. */
export class StripedImport {
  readonly #pieceCount: number;
  /** How many peers of the site have each piece, our rack included, without those that joined as seeds. */
  readonly #siteCounts: Uint16Array;
  #duty: DutyPieces | undefined;
  #isSuspended = false;

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
    this.#siteCounts = new Uint16Array(pieceCount);
  }

  /** Whether the import is striped. */
  get isStriped(): boolean {
    return this.#duty !== undefined;
  }

  /** Sets what we bring in from now on; undefined: the import is not striped. */
  setDuty(duty: StripeDuty | undefined): void {
    this.#isSuspended = false;
    this.#duty = duty === undefined ? undefined : {
      rack: this.#piecesOf(duty.rack),
      site: this.#piecesOf(duty.site),
      sparesSeeds: duty.sparesSeeds,
    };
  }

  /** Lets everything come that no peer of the rack has, whose stripe it may be, until the next duty or the end of it. */
  setSuspended(isSuspended: boolean): void {
    this.#isSuspended = isSuspended;
  }

  /** Whether not everything may come from a peer at that distance. */
  limits(distance: Distance): boolean {
    return this.#duty !== undefined && distance !== "rack";
  }

  /** A peer at that distance that did not join as a seed has got a piece (1), or has gone (-1). */
  count(piece: number, distance: Distance, by: 1 | -1): void {
    if (distance !== "remote") this.#siteCounts[piece] = this.#siteCounts[piece]! + by;
  }

  /** Whether a piece that is being fetched may come from that peer. */
  mayCome(piece: number, source: ImportSource): boolean {
    if (this.#duty === undefined || source.distance === "rack" || this.#isSuspended) return true;
    return this.#dutyTowards(source, this.#duty).has(piece);
  }

  /**
   * Those of the candidates that may come from that peer. `local`: one bit per piece, whether a peer of the rack has it.
   */
  among(candidates: Candidates, local: Uint8Array, source: ImportSource): Candidates {
    const duty = this.#duty;
    if (duty === undefined || source.distance === "rack") return candidates;
    if (this.#isSuspended) return (byte) => candidates(byte) & ~local[byte]!;
    const own = this.#dutyTowards(source, duty).bytes;
    if (!this.#isForSite(source, duty)) {
      return (byte) => candidates(byte) & own[byte]! & ~local[byte]!;
    }
    return (byte) => {
      const bits = candidates(byte) & own[byte]! & ~local[byte]!;
      return bits === 0 ? 0 : bits & ~this.#heldInSite(byte, bits);
    };
  }

  #isForSite({ distance, joinedAsSeed }: ImportSource, { sparesSeeds }: DutyPieces): boolean {
    return distance === "remote" || joinedAsSeed && sparesSeeds;
  }

  #dutyTowards(source: ImportSource, duty: DutyPieces): PieceSet {
    return this.#isForSite(source, duty) ? duty.site : duty.rack;
  }

  #heldInSite(byte: number, bits: number): number {
    let held = 0;
    for (let bit = 0; bit < 8; bit++) {
      const mask = 0x80 >> bit;
      if ((bits & mask) !== 0 && this.#siteCounts[byte * 8 + bit] !== 0) held |= mask;
    }
    return held;
  }

  #piecesOf(stripes: readonly number[]): PieceSet {
    const pieces = new PieceSet(this.#pieceCount);
    for (const stripe of stripes) {
      for (let piece = stripe; piece < this.#pieceCount; piece += STRIPE_COUNT) pieces.add(piece);
    }
    return pieces;
  }
}
