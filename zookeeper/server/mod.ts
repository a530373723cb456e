/**
 * The embedded server: ZooKeeper's protocol served by this process, for one machine. `frontend/` reads a client's
 * frames and does the handshake; `requests/` executes them on the tree (`tree/`) within a session (`sessions/`);
 * `storage/` makes the changes durable, and only then the replies leave. `admin/` shows all of it on a page and
 * changes nothing.
 *
 * The class and the command are called coordinator: the embedded server as a program. The comments say "server" where
 * they are about the protocol.
 *
 * @module
 */

export * from "./coordinator.ts";
export type { AdminAddress, CoordinatorOptions, ServeHttp } from "./options.ts";
export type { ClientAddress } from "./sessions/client_connection.ts";
export type { TreeNode } from "./tree/tree_node.ts";
export * from "./storage/backup.ts";
export { SqliteStorage } from "./storage/sqlite_storage.ts";
export { StorageError } from "./storage/storage_error.ts";
export * from "./storage/storage.ts";
