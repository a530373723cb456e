/**
 * What a leecher suggests: of the hosts at the same distance each new piece is suggested to one alone; the others defer
 * it (`deferred_pieces.ts`) and get it from that one. Pure.
 */

import type { Distance } from "../../../base/locality.ts";
import type { OpenSuggestions, SwarmPeer } from "../swarm_peer.ts";
import { PATIENCE_PIECES } from "./deferred_pieces.ts";
import type { PieceSuggester } from "./suggestions.ts";

/** What the assigner needs to know of a peer that pieces may be assigned to. */
export type Assignee = Pick<
  SwarmPeer,
  "suggestions" | "distance" | "locality" | "isInterested" | "isChoked" | "holds"
>;

/** Assigns each new piece to one peer at each distance. */
export class NewPieceAssigner implements PieceSuggester<Assignee> {
  /**
   * Pieces that no peer at that distance could take yet, oldest first. It is bounded, because after that many further
   * pieces the others do not wait for it any more.
   */
  readonly #unassigned: Readonly<Record<Distance, number[]>> = { rack: [], site: [], remote: [] };
  readonly #peers: () => Iterable<Assignee>;
  readonly #isStriped: () => boolean;

  /** `isStriped`: a piece that leaves the rack has one taker in each other rack anyway. Default: it has not. */
  constructor(peers: () => Iterable<Assignee>, isStriped: () => boolean = () => false) {
    this.#peers = peers;
    this.#isStriped = isStriped;
  }

  /** We have got that piece: at each distance it goes to the peer that was suggested the fewest. */
  add(piece: number): void {
    for (const unassigned of Object.values(this.#unassigned)) {
      unassigned.push(piece);
      if (unassigned.length > PATIENCE_PIECES) unassigned.shift();
    }
    const least: Partial<Record<Distance, OpenSuggestions>> = {};
    for (const peer of this.#peers()) {
      const { suggestions, distance } = peer;
      if (!this.#isDownloading(peer) || !suggestions?.hasRoom || peer.holds(piece)) continue;
      if (suggestions.suggestedCount < (least[distance]?.suggestedCount ?? Infinity)) {
        least[distance] = suggestions;
      }
    }
    for (const suggestions of Object.values(least)) suggestions.fill();
  }

  next(peer: Assignee): number | undefined {
    if (!this.#isDownloading(peer)) return undefined;
    const unassigned = this.#unassigned[peer.distance];
    const at = unassigned.findIndex((piece) => !peer.holds(piece));
    return at === -1 ? undefined : unassigned.splice(at, 1)[0];
  }

  /** Only hosts that run Rollcall, which say where they are, defer pieces and so are assigned any. */
  #isDownloading({ isInterested, locality, isChoked, distance }: Assignee): boolean {
    if (this.#isStriped() && distance !== "rack") return false;
    return isInterested && locality !== undefined && !isChoked;
  }
}
