/**
 * Calls to C libraries through `Deno.dlopen`: memory maps and locks, the page cache, allocation and copying of files, limits,
 * options of sockets (libc), and SHA-1 (libcrypto). Each file wraps a few calls of libc.ts so that they are safe to use:
 * failures become {@linkcode LibcError}, descriptors and maps are closed. `host/`, `torrent/` and commands call in here; it imports nothing of
 * the project.
 */

export * from "./allocate.ts";
export * from "./cached_pages.ts";
export * from "./copy_range.ts";
export { errnoName } from "./errno.ts";
export * from "./file_lock.ts";
export { isFfiGranted, pageSizeBytes, roundUpToPages } from "./libc.ts";
export * from "./libc_error.ts";
export * from "./libcrypto.ts";
export * from "./locked_pages.ts";
export * from "./memory_lock.ts";
export * from "./memory_map.ts";
export * from "./name_pattern.ts";
export * from "./page_cache.ts";
export * from "./process_limits.ts";
export * from "./resource_limits.ts";
export * from "./service_manager.ts";
export * from "./sync_file_system.ts";
export * from "./tcp_socket.ts";
