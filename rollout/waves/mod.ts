/**
 * The waves of a rollout: how an operator lists them, and which hosts they are.
 *
 * @module
 */

export * from "./gate_entry.ts";
export * from "./gate_plan.ts";
export * from "./resolve_waves.ts";
export * from "./spread.ts";
export * from "./wave_list.ts";
