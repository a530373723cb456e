/**
 * The upgrade protocol as pure functions and data: the tree's layout and its entries, the plan, who may go down, when
 * a wave is over, what a host runs that comes back. `coordination/` reads nodes, and `reading/` makes of them what the
 * rules decide on; `transactions/` says what is written, and `coordination/` writes it. No I/O, no clock.
 *
 * @module
 */

export * from "./admission.ts";
export * from "./agent_identity.ts";
export * from "./areas.ts";
export * from "./budget.ts";
export * from "./census.ts";
export * from "./control.ts";
export * from "./dependencies.ts";
export * from "./dependency_order.ts";
export * from "./drain.ts";
export * from "./duration.ts";
export * from "./entries.ts";
export * from "./failure.ts";
export * from "./failure_cause.ts";
export * from "./finish.ts";
export * from "./forecast.ts";
export * from "./freeze/mod.ts";
export * from "./gate.ts";
export * from "./goal.ts";
export * from "./host_word.ts";
export * from "./markers.ts";
export * from "./membership.ts";
export * from "./missing_host.ts";
export * from "./name_list.ts";
export * from "./plan.ts";
export * from "./plan_order.ts";
export * from "./planned.ts";
export * from "./plan_version.ts";
export * from "./policy.ts";
export * from "./progress.ts";
export * from "./quarantine.ts";
export * from "./quorum.ts";
export * from "./queue_head.ts";
export * from "./reading/mod.ts";
export * from "./rejoin.ts";
export * from "./release_identity.ts";
export * from "./restart.ts";
export * from "./restarts.ts";
export * from "./roll_back.ts";
export * from "./rollout_error.ts";
export * from "./rollout_event.ts";
export * from "./rollout_failures.ts";
export * from "./rollout_time.ts";
export * from "./service_view.ts";
export * from "./slot.ts";
export * from "./switch_times.ts";
export * as transactions from "./transactions/mod.ts";
export * from "./tree.ts";
export * from "./waiting.ts";
export * from "./watch.ts";
export * from "./waves/mod.ts";
