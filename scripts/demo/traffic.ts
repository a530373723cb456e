/**
 * Adds up what the hosts say they received, and from how far, for each release. Pure.
 *
 * @module
 */

import type { FleetSnapshot } from "./snapshot.ts";

/** Bytes by how far their sender was. */
export interface ReceivedBytes {
  /** From the same rack. */
  readonly rackBytes: number;
  /** From another rack of the same site. */
  readonly siteBytes: number;
  /** From another site. */
  readonly remoteBytes: number;
  /** Found in other releases on the host's own disk. */
  readonly reusedBytes: number;
}

/** No bytes from anywhere. */
export const NOTHING: ReceivedBytes = {
  rackBytes: 0,
  siteBytes: 0,
  remoteBytes: 0,
  reusedBytes: 0,
};

/** Follows the counters of every host; one that falls has begun again from zero, as after a restart of its agent. */
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
        if (sum(received) < sum(counter.now)) counter.before = follow(counter.before, counter.now);
        counter.now = received;
      }
    }
  }

  /** What one host received of one release. */
  received(of: { service: string; host: string; version: string }): ReceivedBytes {
    const counter = this.#counters.get(keyOf(of));
    if (counter === undefined) return NOTHING;
    return follow(counter.before, counter.now);
  }
}

/** What a counter that began again from zero comes to. What is on a disk is found there again, not once more. */
function follow(before: ReceivedBytes, now: ReceivedBytes): ReceivedBytes {
  return { ...add(before, now), reusedBytes: Math.max(before.reusedBytes, now.reusedBytes) };
}

/** Both together. */
export function add(one: ReceivedBytes, other: ReceivedBytes): ReceivedBytes {
  return {
    rackBytes: one.rackBytes + other.rackBytes,
    siteBytes: one.siteBytes + other.siteBytes,
    remoteBytes: one.remoteBytes + other.remoteBytes,
    reusedBytes: one.reusedBytes + other.reusedBytes,
  };
}

/** All bytes that crossed the network, from near and far. */
export function sum({ rackBytes, siteBytes, remoteBytes }: ReceivedBytes): number {
  return rackBytes + siteBytes + remoteBytes;
}

function keyOf({ service, host, version }: { service: string; host: string; version: string }) {
  return `${service} ${version} ${host}`;
}
