/**
 * Publish, fetch, seed and verify releases. `publisher/` makes a release and offers it by `feed/`; an engine (`swarm/` or
 * `webtorrent/`, behind the interface in `engine/`) fetches it from peers that `announce/` learns of, and keeps it by
 * `content/`. `release/` is what a release is, `delta/` takes what is on the disk already.
 */

export { isAskable } from "./announce/announce_request.ts";
export * from "./publisher/mod.ts";
export * from "./delta/mod.ts";
export * from "./engine/engine.ts";
export * from "./engine/engine_names.ts";
export * from "./engines.ts";
export * from "./errors.ts";
export * from "./feed/mod.ts";
export { MAX_METAINFO_BYTES, readRelease, releaseNameSchema } from "./release/metainfo.ts";
export { withTrackers } from "./release/metainfo_writer.ts";
export { type Preallocate } from "./content/prepare_files.ts";
export { presentBlocksPath } from "./content/present_blocks.ts";
export * from "./release/release.ts";
export * from "./swarm/mod.ts";
export * from "./content/verify_release.ts";
export { type PagePolicy } from "./content/write_behind.ts";
