/** The tracker that knows racks and sites. */

export * from "./handout/handout_settings.ts";
export type { BorderReport, PlaceReport, SiteReport, SwarmReport } from "./stats/swarm_report.ts";
export * from "./server.ts";
export { TRACKER_SERVERS, type TrackerServerName } from "./server_names.ts";
export type { SlowPeer } from "./stats/slow_peers.ts";
export type { TrackerStats } from "./stats/statistics.ts";
export { type Subnet } from "./members/subnet_map.ts";
