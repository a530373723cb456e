/**
 * What people and programs see of the tracker: reports on swarms, the page, JSON and metrics. Reports are made from
 * `tracker/swarm` when somebody asks, at most once a second, and change nothing there. The frontends hand requests to
 * `pages.ts` and count what they answered in `counters.ts`.
 */

export * from "./counters.ts";
export * from "./pages.ts";
export * from "./slow_peers.ts";
export * from "./statistics.ts";
export * from "./swarm_report.ts";
