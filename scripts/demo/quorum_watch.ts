/**
 * Finds in the snapshots how many hosts were staged when the first host of a service switched. Pure.
 *
 * @module
 */

import type { FleetSnapshot, HostSnapshot } from "./snapshot.ts";

/** How many hosts were staged at the first switch of a service. */
export interface QuorumObservation {
  readonly stagedCount: number;
  readonly hostsCount: number;
}

/** Follows one rollout to one version. */
export class QuorumWatch {
  readonly #version: string;
  readonly #firstSwitch = new Map<string, QuorumObservation>();

  constructor(version: string) {
    this.#version = version;
  }

  /** Takes the next snapshot. */
  accept(snapshot: FleetSnapshot): void {
    for (const [service, { hosts }] of Object.entries(snapshot.services)) {
      if (this.#firstSwitch.has(service)) continue;
      const isSwitching = ({ slot, version }: HostSnapshot) =>
        slot?.to === this.#version || version === this.#version;
      if (!hosts.some(isSwitching)) continue;
      this.#firstSwitch.set(service, {
        stagedCount: hosts.filter((host) => host.queued || isSwitching(host)).length,
        hostsCount: hosts.length,
      });
    }
  }

  /** What was seen at the first switch of a service; `null` when there was none. */
  firstSwitch(service: string): QuorumObservation | null {
    return this.#firstSwitch.get(service) ?? null;
  }
}
