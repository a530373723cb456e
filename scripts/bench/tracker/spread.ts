/** How far every rack is over time, as the few rectangles that a picture needs. */

import type { FleetShape } from "../../../tests/simulation/tracker/fleet.ts";
import type { State } from "../../../tests/simulation/tracker/state.ts";

/** From when to when, as parts of the least time; which rack; how many tenths. */
export type Segment = readonly [from: number, to: number, rack: number, step: number];

/** Steps of colour; the last is "everything". */
const STEPS = 10;

/** Notes when a rack reaches the next tenth. */
export class SpreadRecorder {
  readonly #shape: FleetShape;
  /** By rack, then by step: the round in which it was reached. */
  readonly #reached: number[][];
  readonly #hosts: number[];
  #rounds = 0;

  constructor(shape: FleetShape) {
    this.#shape = shape;
    const racks = shape.sites * shape.racksPerSite;
    this.#reached = Array.from({ length: racks }, () => [0]);
    this.#hosts = Array.from(
      { length: racks },
      (_, rack) => Math.ceil((shape.hosts - rack) / racks),
    );
  }

  /** After a round. */
  note(round: number, state: State): void {
    this.#rounds = round;
    const { pieces } = this.#shape;
    for (const [rack, reached] of this.#reached.entries()) {
      let held = 0;
      for (let piece = 0; piece < pieces; piece++) held += state.inRack[rack * pieces + piece] ?? 0;
      const step = Math.floor(STEPS * held / (pieces * (this.#hosts[rack] ?? 1)));
      while (reached.length <= step) reached.push(round);
    }
  }

  /** Rectangles over all rounds, times as parts of `least`. */
  segments(least: number): Segment[] {
    return this.#reached.flatMap((reached, rack) =>
      reached.map((round, step): Segment => [
        round / least,
        (reached[step + 1] ?? this.#rounds) / least,
        rack,
        step,
      ])
    ).filter(([from, to]) => to > from);
  }
}
