/** Reuse of what is on the disk already: chunks of content, their map in a .torrent, and a release put together by it. */

export * from "../release/chunk_map.ts";
export * from "../release/chunker.ts";
export * from "../content/present_blocks.ts";
export * from "./reuse_plan.ts";
export * from "./reuse_release.ts";
