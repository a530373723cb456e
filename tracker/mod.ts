/** The tracker that knows racks and sites. */

export * from "./log.ts";
export * from "./policy.ts";
export * from "./server.ts";
export { type Subnet } from "./subnet_map.ts";
export { type SwarmStats } from "./swarm.ts";
