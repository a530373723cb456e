/**
 * What the agent does to its own machine: locked pages, the service's process, the releases on disk.
 * Plain functions without actors; imports only ffi.
 */

export { type CorruptFile, readJsonFile, syncFolder, writeJsonFile } from "./atomic_file.ts";
export { HostError, type HostErrorCode } from "./errors.ts";
export * from "./pinning/mod.ts";
export * from "./process/mod.ts";
export * from "./releases/mod.ts";
