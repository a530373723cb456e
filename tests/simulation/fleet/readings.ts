/**
 * What a client has read, and how many changes the server had executed that it read from: so the invariants know what a
 * transaction may rest on.
 *
 * @module
 */

import { JuteReader } from "../../../zookeeper/wire/jute.ts";
import { readMultiHeader } from "../../../zookeeper/wire/records.ts";

/** Most requests of a client that are kept: an agent makes a few for each of its services, and then the transaction. */
const KEPT_MAX = 32;

/** A `multiRead`, which is how agents read what they decide on. */
interface Reading {
  /** The request as it came. */
  readonly frame: Uint8Array;
  /** How many changes its server had executed. */
  readonly applied: number;
}

/** The last readings of one client, over one connection and those before it. */
export class Readings {
  readonly #readings: Reading[];

  /** `before`: those that were made over the connection before. */
  constructor(before?: Readings) {
    this.#readings = before === undefined ? [] : [...before.#readings];
  }

  /** Notes a request, and how many changes the server has executed that answers it. */
  note(frame: Uint8Array, applied: number): void {
    if (this.#readings.push({ frame, applied }) > KEPT_MAX) this.#readings.shift();
  }

  /** How many changes the server had executed when it was asked for these nodes together last; infinite if it was not. */
  appliedAt(...wanted: readonly string[]): number {
    const reading = this.#readings.findLast(({ frame }) => {
      const paths = pathsOf(frame);
      return wanted.every((path) => paths.includes(path));
    });
    return reading?.applied ?? Number.POSITIVE_INFINITY;
  }
}

function pathsOf(frame: Uint8Array): string[] {
  const reader = new JuteReader(frame);
  reader.int();
  reader.int();
  const paths: string[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    paths.push(reader.string());
    reader.bool();
  }
  return paths;
}
