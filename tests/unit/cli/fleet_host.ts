/**
 * A host as the views of the command line are given it.
 *
 * @module
 */

import type { FleetHost } from "../../../coordination/mod.ts";

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
  newcomer: false,
};
