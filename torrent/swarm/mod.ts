/** The swarm engine, and what others need of it. */

export * from "./engine.ts";
export * from "./metadata/fetch_metainfo.ts";
export * from "./limits/rate_limits.ts";
export * from "./limits/rate_schedule.ts";
