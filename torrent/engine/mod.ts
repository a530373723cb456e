/**
 * What all engines have in common: the interface (`engine.ts`), the life of a transfer (`engine_transfer.ts`) and the table
 * of transfers. Callers hand a .torrent and a directory in and get a `Transfer`; it announces by `torrent/announce`, keeps
 * its files by `torrent/content`, and leaves the swarm itself to a subclass of the engine.
 */

export * from "./engine.ts";
export * from "./engine_names.ts";
export * from "./engine_transfer.ts";
export * from "./obstacle.ts";
export * from "./repeated_warnings.ts";
export * from "./transfer_table.ts";
