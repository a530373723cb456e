/**
 * Whether the quorum was staged before the first host of a service switched, as the snapshots show it. Pure.
 *
 * @module
 */

import { type FleetSnapshot, phaseOf } from "./snapshot.ts";

/** How many hosts were ready at the first switch of a service. */
export interface QuorumObservation {
  readonly stagedCount: number;
  readonly hostsCount: number;
}

// A snapshot is put together from several nodes, so the one that first shows the slot may be a moment behind in the
// staging queue. Less time than any host needs to switch.
const SETTLE_MS = 200;

/** Follows one rollout to one version. */
export class QuorumWatch {
  readonly #version: string;
  readonly #firstSwitch = new Map<string, QuorumObservation & { atMs: number }>();

  constructor(version: string) {
    this.#version = version;
  }

  /** Takes the next snapshot, which was seen at this moment. */
  accept(snapshot: FleetSnapshot, atMs: number): void {
    for (const [service, { hosts }] of Object.entries(snapshot.services)) {
      const phases = hosts.map((host) =>
        host.version === this.#version ? "switched" : phaseOf(host, this.#version)
      );
      const hasSwitch = hosts.some(({ slot }) => slot?.to === this.#version) ||
        phases.includes("switched");
      if (!hasSwitch) continue;
      const readyCount = phases.filter((phase) =>
        phase === "switched" || phase === "staged" || phase === "switching"
      ).length;
      const first = this.#firstSwitch.get(service);
      if (first !== undefined && atMs - first.atMs > SETTLE_MS) {
        continue;
      }
      this.#firstSwitch.set(service, {
        atMs: first?.atMs ?? atMs,
        stagedCount: Math.max(readyCount, first?.stagedCount ?? 0),
        hostsCount: hosts.length,
      });
    }
  }

  /** What was seen at the first switch of a service; `null` when there was none. */
  firstSwitch(service: string): QuorumObservation | null {
    return this.#firstSwitch.get(service) ?? null;
  }
}
