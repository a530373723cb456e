/**
 * The engine on the library WebTorrent, the alternative to `torrent/swarm`. `engine.ts` wraps the library's client and
 * `transfer.ts` a torrent of it; verified pieces come out of the library into `retrying_store.ts` and go on to
 * `torrent/content`. Trackers, localities and the checks of the content are the same as for the other engine.
 */

export * from "./engine.ts";
