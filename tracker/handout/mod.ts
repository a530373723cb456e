/**
 * Decides who is handed out to whom: gateways per site and rack are elected, and the peers of an answer are selected. For
 * each announce `tracker/swarm` passes the member that asks, and gets back the peers, the reach and the next interval. All
 * of it is pure over `tracker/members`; the numbers that it goes by are in `handout_settings.ts`.
 */

export * from "./gateway_election.ts";
export * from "./handout_settings.ts";
export * from "./peer_selection.ts";
export * from "./stripes.ts";
