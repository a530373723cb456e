/** The tracker that knows racks and sites. */

export * from "./log.ts";
export * from "./policy.ts";
export type { BorderReport, PlaceReport, SiteReport, SwarmReport } from "./report.ts";
export * from "./server.ts";
export { TRACKER_SERVERS, type TrackerServerName } from "./server_names.ts";
export type { SlowPeer } from "./slowness.ts";
export type { TrackerStats } from "./statistics.ts";
export { type Subnet } from "./subnet_map.ts";
