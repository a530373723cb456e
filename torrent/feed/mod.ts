/**
 * The feed of releases: the build machine serves it (`feed_server.ts`), admin box, hosts and tracker read it
 * (`feed_client.ts`). A release's .torrent comes in from the publisher, is kept in `feed_store.ts`, and goes out over HTTP
 * in the form of `feed_format.ts`. What a reader receives is bounded and checked before it is used.
 */

export * from "./feed_client.ts";
export {
  type FeedRelease,
  type Origin,
  type PublishedRelease,
  TORRENT_MIME_TYPE,
} from "./feed_format.ts";
export * from "./feed_server.ts";
export { FeedStore, type FeedStoreOptions } from "./feed_store.ts";
