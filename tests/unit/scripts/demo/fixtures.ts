/** Snapshots for the demo's tests. */

import type { FleetSnapshot, HostSnapshot } from "../../../../scripts/demo/snapshot.ts";
import { layOutFleet } from "../../../../scripts/demo/fleet_layout.ts";

/** A host that runs v1 and does nothing else. */
export function hostSnapshot(changes: Partial<HostSnapshot> = {}): HostSnapshot {
  return {
    host: "web-1",
    site: "s1",
    rack: "r1",
    online: true,
    version: "v1",
    state: "serving",
    preparation: null,
    pinnedBytes: 0,
    received: null,
    waitingFor: null,
    queued: false,
    slot: null,
    ...changes,
  };
}

/** A fleet in which a function says what each host of each service does. */
export function fleetSnapshot(
  hostsCount: number,
  changes: (host: string, service: string) => Partial<HostSnapshot> = () => ({}),
): FleetSnapshot {
  const service = (name: string) => ({
    committed: "v1",
    offer: "v2",
    hosts: layOutFleet(hostsCount).map(({ name: host, site, rack }) =>
      hostSnapshot({ host, site, rack, ...changes(host, name) })
    ),
  });
  return {
    control: { state: "running" },
    rollout: { id: "r1", state: "running" },
    queue: [],
    services: { A: service("A"), B: service("B") },
  };
}

/** A preparation of v2. */
export function preparing(phase: string, progress = 1): Partial<HostSnapshot> {
  return { preparation: { version: "v2", phase, progress } };
}

/** A slot to v2 at a step. */
export function switching(step: string): Partial<HostSnapshot> {
  return { slot: { from: "v1", to: "v2", step }, state: "down" };
}
