/**
 * The ZooKeeper library: a client in TypeScript, recipes on top of it, and the types that both use. Requests go down
 * from `client/` through `wire/` to a server; replies, watch events and session states come back up the same way. The
 * embedded server is `server/mod.ts` and the tools for tests are `testing/mod.ts`: both have entry points of their
 * own, so that whoever needs the client alone loads nothing else. The library imports nothing from outside of this
 * folder.
 *
 * @module
 */

export * from "./client/zookeeper.ts";
export * from "./byte_stream.ts";
export type { ServerAddress } from "./client/connection/connect_string.ts";
export type { Dial, TlsOptions } from "./client/connection/dial.ts";
export type { ZooKeeperOptions } from "./client/options.ts";
export type { SaslCredentials } from "./client/connection/sasl.ts";
export * from "./clock.ts";
export * from "./errors.ts";
export * from "./log.ts";
export { op } from "./operations.ts";
export * from "./random.ts";
export * from "./recipes/mod.ts";
export * from "./types.ts";
