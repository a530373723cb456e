/**
 * From how far away a transfer may fetch. The tracker assigns a reach, so that one gateway carries each piece across a
 * border and the others get it from there. A tracker can be lied to: a false seed in the rack, or a gateway that never
 * answers, must not keep a host from everybody else. So a host that gets nothing from within its reach ignores it until
 * something comes from there. Pure; called once a second.
 */

import { type Distance, isWithin, type Reach } from "../../base/locality.ts";

/** Without a block from within reach for this many seconds, a host ignores its reach: those who have pieces give none. */
const STARVED_TICKS = 5;
/**
 * The same if the peers within reach have nothing that it lacks: a gateway that crosses a slow border may take that
 * long to get a piece, and hosts that went to fetch the same piece themselves would slow it down further.
 */
const PATIENT_TICKS = 30;

/** What the decision of one second is made from. */
export interface ReachTick {
  /** Whether pieces are missing and can be asked for. */
  readonly isHungry: boolean;
  /** Whether a peer within the assigned reach is connected. */
  readonly hasPeers: boolean;
  /** Whether one of those has a piece that we lack. */
  readonly isOffered: boolean;
}

/** The reach of one transfer. */
export class FetchReach {
  #assigned: Reach = "everywhere";
  #isStarved = false;
  #ticks = 0;

  /** What the tracker said last; "everywhere" before that and while it is down. */
  get assigned(): Reach {
    return this.#assigned;
  }

  /** Whether nothing comes from within the assigned reach, so that it is ignored. */
  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Whether peers that far away may be fetched from. */
  includes(distance: Distance): boolean {
    return this.#isStarved || isWithin(this.#assigned, distance);
  }

  /**
   * The tracker assigns a reach. Returns whether it is another one than before, which gets its chance like the first.
   */
  assign(reach: Reach): boolean {
    if (reach === this.#assigned) return false;
    this.#assigned = reach;
    this.#isStarved = false;
    this.#ticks = 0;
    return true;
  }

  /** A block that was asked for has arrived. Returns whether that ends the starvation. */
  onBlock(distance: Distance): boolean {
    if (!isWithin(this.#assigned, distance)) return false;
    this.#ticks = 0;
    const wasStarved = this.#isStarved;
    this.#isStarved = false;
    return wasStarved;
  }

  /** Once a second. Returns whether the host starves from now on. */
  onTick({ isHungry, hasPeers, isOffered }: ReachTick): boolean {
    this.#ticks = isHungry ? this.#ticks + 1 : 0;
    if (this.#isStarved) return false;
    this.#isStarved = this.#ticks >= (hasPeers && !isOffered ? PATIENT_TICKS : STARVED_TICKS);
    return this.#isStarved;
  }
}
