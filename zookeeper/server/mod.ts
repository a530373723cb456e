// The embedded coordinator: ZooKeeper's protocol served from this process, for one machine.
export * from "./coordinator.ts";
export type { AdminAddress, CoordinatorOptions, ServeHttp } from "./options.ts";
export type { TreeNode } from "./tree/tree_node.ts";
export { SqliteStorage } from "./storage/sqlite_storage.ts";
export * from "./storage/storage.ts";
