/**
 * Reuse: a new release is put together as far as possible from other releases on this disk. `reuse_plan.ts` plans what to
 * copy from the releases' files and chunk maps, `reuse_work.ts` copies and hashes it, and `reuse_release.ts` leaves a
 * resume journal for `torrent/content`, so that an engine fetches only the rest.
 */

export * from "./reuse_plan.ts";
export * from "./reuse_release.ts";
export * from "./shared_content.ts";
