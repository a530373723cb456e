/**
 * Finds out which peer sent wrong bytes when a piece did not match its hash (other clients call this "smart ban"). The
 * only sender of a piece is guilty at once. If there were several, the digests of their blocks are kept, the piece is
 * fetched again from one peer alone, and the senders whose blocks differed from the right ones are guilty. Pure.
 */

import { createHash } from "node:crypto";
import { BLOCK_BYTES } from "../wire/messages.ts";
import type { PartialPiece } from "./partial_piece.ts";

/**
 * Bound of the suspect pieces; beyond it the digests of the oldest are forgotten, and the piece is fetched all the
 * same.
 */
const MAX_SUSPECTS = 64;

/** What one sender sent for one block. */
interface Suspect<Sender> {
  readonly digest: string;
  readonly sender: Sender;
}

/** The suspect pieces of one transfer. `Sender` identifies peers; it is only compared. */
export class SmartBan<Sender> {
  /** The suspects by piece, then by block. */
  readonly #suspects = new Map<number, Map<number, Suspect<Sender>>>();

  /** Whether the piece is suspect, and so to be fetched from one peer alone. */
  isSuspect(index: number): boolean {
    return this.#suspects.has(index);
  }

  /** The piece did not match its hash: returns who certainly sent wrong bytes, nobody if that is still open. */
  onMismatch(piece: PartialPiece<Sender>): Sender[] {
    const [first, ...others] = piece.senders;
    if (first === undefined) return [];
    if (others.length === 0) return [first];
    const blocks = new Map<number, Suspect<Sender>>();
    for (const [block, sender] of piece.senderOfBlocks.entries()) {
      if (sender !== undefined) blocks.set(block, { digest: digestOf(piece, block), sender });
    }
    this.#suspects.delete(piece.index);
    this.#suspects.set(piece.index, blocks);
    if (this.#suspects.size > MAX_SUSPECTS) {
      for (const oldest of this.#suspects.keys()) {
        this.#suspects.delete(oldest);
        break;
      }
    }
    return [];
  }

  /** The piece matched its hash: returns who had sent other bytes for it before. */
  onMatch(piece: PartialPiece<Sender>): Sender[] {
    const blocks = this.#suspects.get(piece.index);
    if (blocks === undefined) return [];
    this.#suspects.delete(piece.index);
    const guilty = new Set<Sender>();
    for (const [block, { digest, sender }] of blocks) {
      if (!guilty.has(sender) && digestOf(piece, block) !== digest) guilty.add(sender);
    }
    return [...guilty];
  }
}

function digestOf<Sender>(piece: PartialPiece<Sender>, block: number): string {
  const start = block * BLOCK_BYTES;
  const bytes = piece.buffer?.subarray(start, Math.min(start + BLOCK_BYTES, piece.sizeBytes)) ??
    new Uint8Array();
  return createHash("sha1").update(bytes).digest("base64");
}
