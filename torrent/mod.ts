/** Publish, fetch, seed and verify releases: one engine interface, two engines, the feed. */

export * from "./publisher/create_release.ts";
export * from "./delta/mod.ts";
export * from "./engine/engine.ts";
export * from "./engine/engine_names.ts";
export * from "./engines.ts";
export * from "./errors.ts";
export * from "./feed/mod.ts";
export { MAX_METAINFO_BYTES, readRelease, releaseNameSchema } from "./release/metainfo.ts";
export { type Preallocate } from "./content/content_store.ts";
export * from "./publisher/mod.ts";
export * from "./release/release.ts";
export * from "./swarm/mod.ts";
export * from "./content/verify_release.ts";
export { type PagePolicy } from "./content/write_behind.ts";
