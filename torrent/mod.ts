/** Publish, fetch, seed and verify releases: one engine interface, two engines, the feed. */

export * from "./create_release.ts";
export * from "./delta/mod.ts";
export * from "./engine.ts";
export * from "./engine_names.ts";
export * from "./engines.ts";
export * from "./errors.ts";
export * from "./feed/mod.ts";
export * from "./locality.ts";
export * from "./log.ts";
export { MAX_METAINFO_BYTES, readRelease, releaseNameSchema } from "./metainfo.ts";
export { type Preallocate } from "./content_store.ts";
export * from "./publisher/mod.ts";
export * from "./release.ts";
export * from "./swarm/mod.ts";
export * from "./verify_release.ts";
export { type PagePolicy } from "./write_behind.ts";
