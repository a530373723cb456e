/** The swarm engine, and what others need of it. */

export * from "./engine.ts";
export * from "./fetch_metainfo.ts";
export * from "./rate_limits.ts";
export * from "./rate_schedule.ts";
