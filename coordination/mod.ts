/**
 * Rollcall's tree in ZooKeeper, read and written: views for the rules of `rollout/`, and the transactions that enforce
 * what they decide.
 *
 * @module
 */

export * from "./entry_reader.ts";
export * from "./fleet.ts";
export * from "./forget_host.ts";
export * from "./registration.ts";
export * from "./reports.ts";
export * from "./rollouts.ts";
export * from "./service_view.ts";
export * from "./skeleton.ts";
export * from "./slots.ts";
export * from "./staging_queue.ts";
export * from "./waves.ts";
