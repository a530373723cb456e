/**
 * What is written to the tree, one file per transaction: each takes what was read, and returns the operations of one `multi`,
 * in which the whole decision stands or falls. What the operations check and set at a version enforces the rules; what was
 * read before is only advice.
 *
 * @module
 */

export * from "./abort_rollout.ts";
export * from "./counter.ts";
export * from "./drain_host.ts";
export * from "./finish_wave.ts";
export * from "./forget_host.ts";
export * from "./give_slot_back.ts";
export * from "./halt_wave.ts";
export * from "./host_entry.ts";
export * from "./open_gate.ts";
export * from "./operation.ts";
export * from "./pass_fence.ts";
export * from "./record_event.ts";
export * from "./release_slot.ts";
export * from "./release_quarantine.ts";
export * from "./report_failure.ts";
export * from "./report_switch.ts";
export * from "./roll_back.ts";
export * from "./set_control.ts";
export * from "./skip_host.ts";
export * from "./staging.ts";
export * from "./start_rollout.ts";
export * from "./take_slot.ts";
