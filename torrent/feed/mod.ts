/** The build machine's feed of releases: its server and its reader. */

export * from "./feed_client.ts";
export {
  type FeedRelease,
  type Origin,
  type PublishedRelease,
  TORRENT_MIME_TYPE,
} from "./feed_format.ts";
export * from "./feed_server.ts";
