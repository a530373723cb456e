/**
 * What the agent does on its own machine: it keeps releases on disk, locks their pages and runs the
 * services' processes. Plain functions and classes, without actors and without ZooKeeper: the agent's
 * actors call in here, and below are the file system, /proc and `ffi/`.
 */

export { type CorruptFile, readJsonFile, syncFolder, writeJsonFile } from "./atomic_file.ts";
export { HostError, type HostErrorCode } from "./errors.ts";
export * from "./pinning/mod.ts";
export * from "./ports.ts";
export * from "./process/mod.ts";
export * from "./releases/mod.ts";
export * from "./removed_services.ts";
