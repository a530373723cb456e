/**
 * The swarm engine: BitTorrent's peer protocol (BEP 3, 6, 9, 10) for one data center, and its public interface. Bytes
 * come in through `wire/` to a `peer/`, whose blocks become pieces in `pieces/`, are verified there and written by
 * `../content/`; requests go out the same way, and `choker/`, `suggest/`, `connections/` and `limits/` decide who is
 * served, told, kept and slowed down. From the outside in: `engine.ts` owns the port, `transfer.ts` one release from
 * the disk to "complete", `swarm.ts` what the release's peers share, `swarm_peer.ts` is what it sees of each peer.
 *
 * Each room is explained where it is best entered: `choker/choker.ts`, `connections/connection_pool.ts`,
 * `limits/rate_limits.ts`, `metadata/fetch_metainfo.ts`, `peer/peer.ts`, `pieces/request_scheduler.ts`,
 * `suggest/suggestions.ts`, `wire/handshaker.ts`.
 */

export * from "./engine.ts";
export * from "./metadata/fetch_metainfo.ts";
export * from "./limits/rate_limits.ts";
export * from "./limits/rate_schedule.ts";
