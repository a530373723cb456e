/**
 * Rollcall's tree in ZooKeeper, read and written. Nodes are read here (`service_view.ts` for a host, `fleet.ts` for an
 * operator) and decoded by `rollout/reading/`; the rules of `rollout/` decide; `rollout/transactions/` says what is written,
 * and `apply.ts` writes it. What is left here is what a network makes of that: what to read again, when to try again, and
 * what a lost reply means.
 *
 * @module
 */

export * from "./abort_rollout.ts";
export * from "./apply.ts";
export * from "./away_hosts.ts";
export * from "./census.ts";
export * from "./control.ts";
export * from "./drain_host.ts";
export * from "./entry_reader.ts";
export * from "./finish_wave.ts";
export * from "./fleet.ts";
export * from "./forget_host.ts";
export * from "./history.ts";
export * from "./host_word.ts";
export * from "./gates.ts";
export * from "./known_hosts.ts";
export * from "./known_releases.ts";
export * from "./known_services.ts";
export * from "./missing_hosts.ts";
export * from "./registration.ts";
export * from "./release_slot.ts";
export * from "./release_quarantine.ts";
export * from "./reports.ts";
export * from "./restart_service.ts";
export * from "./rollout_record.ts";
export * from "./roll_back.ts";
export * from "./rollouts.ts";
export * from "./service_view.ts";
export * from "./skeleton.ts";
export * from "./slots.ts";
export * from "./staging_queue.ts";
export * from "./start_rollout.ts";
export * from "./wave_progress.ts";
