/** What one swarm writes to the log. What strangers can cause again and again is told once a minute, with a count. */

import type { Clock } from "../../base/clock.ts";
import type { Reach } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import { RepeatedWarnings } from "../engine/repeated_warnings.ts";

/** The log of one transfer's swarm; each line names the release's info hash. */
export class SwarmLog {
  readonly #infoHash: string;
  readonly #log: Log;
  readonly #warnings: RepeatedWarnings;

  constructor(infoHash: string, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#infoHash = infoHash;
    this.#log = log;
    this.#warnings = new RepeatedWarnings(log, clock);
  }

  /** A peer's connection has ended. */
  ended(address: string, reason: unknown): void {
    this.#log.debug("{infoHash}: {peer} has gone: {reason}", {
      infoHash: this.#infoHash,
      peer: address,
      reason: reason instanceof Error ? reason.message : reason,
    });
  }

  /** A peer is banned for so many seconds. */
  banned(address: string, reason: string, seconds: number): void {
    this.#warn("{infoHash}: {address} is banned for {seconds} s: {reason}", {
      address,
      seconds,
      reason,
    });
  }

  /** A connection was not kept, or dropped for another one. */
  turnedAway(address: string, reason: string): void {
    this.#warn("{infoHash}: connections are turned away, now one with {address}: {reason}", {
      address,
      reason,
    });
  }

  /** Nothing comes from within the reach that the tracker has assigned. */
  starved(reach: Reach): void {
    this.#warn("{infoHash}: no peer within reach ({reach}) sends anything: asking all others", {
      reach,
    });
  }

  #warn(message: string, properties: Record<string, unknown>): void {
    this.#warnings.warn(message, { infoHash: this.#infoHash, ...properties });
  }
}
