/**
 * The build machine: makes releases, serves the feed, and is the first seed. A file or folder is listed
 * (`content_walk.ts`), read once and made into a .torrent (`create_release.ts`), handed over through the inbox
 * (`inbox.ts`; a copy of it, where one is kept, by `content_copies.ts`), and then added to the feed and seeded by an engine (`publisher.ts`).
 */

export * from "./content_copies.ts";
export { type CreatedRelease, createRelease, type CreateReleaseOptions } from "./create_release.ts";
export * from "./inbox.ts";
export * from "./published_files.ts";
export * from "./publisher.ts";
