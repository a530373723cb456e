/**
 * A host and its service as the views of the command line are given them.
 *
 * @module
 */

import type { FleetHost, FleetService } from "../../../coordination/mod.ts";

/** One that serves, and of which there is nothing to say. */
export const HOST: FleetHost = {
  host: "web-1",
  site: "ams",
  rack: "r1",
  online: true,
  version: "v1",
  state: "serving",
  sinceMs: 0,
  preparation: null,
  pinnedBytes: 0,
  received: null,
  waitingFor: null,
  endpoint: null,
  restarts: null,
  quarantined: null,
  waitingSinceMs: null,
  slot: null,
  queued: false,
  drained: null,
  drainDone: null,
  newcomer: false,
};

/** A service that has v1 committed, with these hosts: what differs of each from {@link HOST}. */
export function fleetService(hosts: readonly Partial<FleetHost>[]): FleetService {
  return {
    dependsOn: [],
    committed: "v1",
    offer: null,
    sizeBytes: 0,
    origin: null,
    releases: [],
    hosts: hosts.map((host) => ({ ...HOST, ...host })),
  };
}
