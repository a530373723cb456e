/**
 * From the nodes of the tree to what the rules decide on.
 *
 * @module
 */

export * from "./area_reading.ts";
export * from "./census_reading.ts";
export * from "./dependency_reading.ts";
export * from "./deploy_queue.ts";
export * from "./node.ts";
export * from "./node_names.ts";
export * from "./one_host.ts";
export * from "./problems.ts";
export * from "./progress_reading.ts";
export * from "./service_reading.ts";
export * from "./shared_entries.ts";
