/**
 * Rollcall's tree in ZooKeeper, read and written. Entries are decoded at one place (`entry_reader.ts`) and put
 * together to views (`service_view.ts` for a host, `fleet.ts` for an operator); the pure rules of `rollout/` decide on
 * a view; the other files here carry the decision out, each in one transaction that fails if what the decision rests
 * on has changed.
 *
 * @module
 */

export * from "./abort_rollout.ts";
export * from "./control.ts";
export * from "./entry_reader.ts";
export * from "./finish_wave.ts";
export * from "./fleet.ts";
export * from "./forget_host.ts";
export * from "./known_services.ts";
export * from "./problems.ts";
export * from "./registration.ts";
export * from "./reports.ts";
export * from "./rollouts.ts";
export * from "./service_view.ts";
export * from "./skeleton.ts";
export * from "./slots.ts";
export * from "./staging_queue.ts";
export * from "./start_rollout.ts";
