/**
 * The tracker that knows sites and racks. A frontend (`frontend/`) reads announces, `swarm/` keeps who takes part
 * (`members/`), `handout/` chooses whom each is given, and `stats/` shows it to people and programs. Nothing is kept on
 * disk: after a restart the peers announce again.
 */

export * from "./handout/handout_settings.ts";
export type { ImportWay } from "../base/stripes.ts";
export * from "./server.ts";
export { TRACKER_SERVERS, type TrackerServerName } from "./server_names.ts";
export type { BorderReport, GroupReport, SiteReport, SlowPeer, SwarmReport } from "./stats/mod.ts";
export type { TrackerStats } from "./stats/mod.ts";
export { type Subnet } from "./members/mod.ts";
