/**
 * libc through `Deno.dlopen`: memory maps, locks, the page cache, limits; and libcrypto's SHA-1. Imports nothing of the
 * project.
 */

export * from "./allocate.ts";
export * from "./copy_range.ts";
export { errnoName } from "./errno.ts";
export * from "./file_lock.ts";
export { pageSizeBytes, roundUpToPages } from "./libc.ts";
export * from "./libc_error.ts";
export * from "./libcrypto.ts";
export * from "./memory_lock.ts";
export * from "./memory_map.ts";
export * from "./page_cache.ts";
export * from "./resource_limits.ts";
export * from "./sync_file_system.ts";
