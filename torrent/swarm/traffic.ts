/** What one transfer has received and sent, by distance, and how fast it does so now. */

import { type BytesByDistance, countBytes, type Distance } from "../../base/locality.ts";
import { RateMeter } from "./limits/rate_meter.ts";

/** Counters of one transfer's traffic; blocks alone count, not the messages around them. */
export class SwarmTraffic {
  /** Bytes of blocks that have arrived since the transfer began, wanted or not. */
  readonly received: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  /** Bytes of blocks that were sent since the transfer began. */
  readonly sent: BytesByDistance = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  readonly #downloadRate = new RateMeter();
  readonly #uploadRate = new RateMeter();

  /** Averaged over the last seconds. */
  get downloadBytesPerSecond(): number {
    return this.#downloadRate.bytesPerSecond;
  }

  /** Averaged over the last seconds. */
  get uploadBytesPerSecond(): number {
    return this.#uploadRate.bytesPerSecond;
  }

  /** Counts bytes that have arrived from a peer at this distance. */
  onReceived(distance: Distance, sizeBytes: number): void {
    countBytes(this.received, distance, sizeBytes);
    this.#downloadRate.onBytes(sizeBytes);
  }

  /** Counts bytes that were sent to a peer at this distance. */
  onSent(distance: Distance, sizeBytes: number): void {
    countBytes(this.sent, distance, sizeBytes);
    this.#uploadRate.onBytes(sizeBytes);
  }

  /** Updates the rates; `seconds` have passed since the last call. */
  onTick(seconds: number): void {
    this.#downloadRate.onTick(seconds);
    this.#uploadRate.onTick(seconds);
  }
}
