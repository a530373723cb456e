/**
 * Finds out who sent the bytes of a piece that did not match its hash. One sender is guilty at once.
 * Of several, the blocks' digests are kept, the piece is fetched again from one peer alone, and
 * whoever sent other blocks than the right ones is guilty. Pure.
 */

import { createHash } from "node:crypto";
import { BLOCK_BYTES } from "../wire/messages.ts";
import type { PartialPiece } from "./partial_piece.ts";

/** Pieces under suspicion at a time; beyond that the oldest is forgotten, the piece still fetched. */
const MAX_SUSPECTS = 64;

interface Suspect<Sender> {
  readonly digest: string;
  readonly sender: Sender;
}

/** See the file's head. */
export class SmartBan<Sender> {
  /** By piece, then by block. */
  readonly #suspects = new Map<number, Map<number, Suspect<Sender>>>();

  /** Whether the piece is to be fetched from one peer alone. */
  isSuspect(index: number): boolean {
    return this.#suspects.has(index);
  }

  /** The piece did not match: who certainly sent wrong bytes; empty while that is open. */
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

  /** The piece matched: who had sent something else for it before. */
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
