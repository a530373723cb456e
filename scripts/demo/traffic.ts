/**
 * Adds up what the hosts report to have received of each release, and from how far. Pure.
 *
 * @module
 */

import { type BytesByDistance, totalBytes } from "../../base/locality.ts";
import type { FleetSnapshot } from "./snapshot.ts";

/** Bytes that a host has of a release, by how far their senders were. */
export interface ReceivedBytes extends Readonly<BytesByDistance> {
  /** Bytes that were found in other releases on the host's own disk. */
  readonly reusedBytes: number;
}

/** Nothing was received. */
export const NOTHING: ReceivedBytes = {
  rackBytes: 0,
  siteBytes: 0,
  remoteBytes: 0,
  reusedBytes: 0,
};

/** Follows the counters of every host. A counter that falls has begun again from zero, as after a restart of the agent. */
export class TrafficMeter {
  readonly #counters = new Map<string, { before: ReceivedBytes; now: ReceivedBytes }>();

  /** Takes the next snapshot. */
  accept(snapshot: FleetSnapshot): void {
    for (const [service, { hosts }] of Object.entries(snapshot.services)) {
      for (const { host, received } of hosts) {
        if (received === null) continue;
        const key = keyOf({ service, host, version: received.version });
        const counter = this.#counters.get(key);
        if (counter === undefined) {
          this.#counters.set(key, { before: NOTHING, now: received });
          continue;
        }
        if (totalBytes(received) < totalBytes(counter.now)) {
          counter.before = follow(counter.before, counter.now);
        }
        counter.now = received;
      }
    }
  }

  /** What one host has received of one release so far. */
  received(of: { service: string; host: string; version: string }): ReceivedBytes {
    const counter = this.#counters.get(keyOf(of));
    if (counter === undefined) return NOTHING;
    return follow(counter.before, counter.now);
  }
}

/** The sum over a counter that has begun again from zero. Reused bytes are found on the disk again, so that they are not added. */
function follow(before: ReceivedBytes, now: ReceivedBytes): ReceivedBytes {
  return { ...add(before, now), reusedBytes: Math.max(before.reusedBytes, now.reusedBytes) };
}

/** The sum of two. */
export function add(one: ReceivedBytes, other: ReceivedBytes): ReceivedBytes {
  return {
    rackBytes: one.rackBytes + other.rackBytes,
    siteBytes: one.siteBytes + other.siteBytes,
    remoteBytes: one.remoteBytes + other.remoteBytes,
    reusedBytes: one.reusedBytes + other.reusedBytes,
  };
}

function keyOf({ service, host, version }: { service: string; host: string; version: string }) {
  return `${service} ${version} ${host}`;
}
