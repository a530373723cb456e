/**
 * The face of the ZooKeeper folder: a client in TypeScript, recipes on top of it, and an embedded coordinator that
 * speaks the same protocol.
 *
 * @module
 */

export * from "./client/zookeeper.ts";
export type { TlsOptions } from "./client/connection/dial.ts";
export type { ZooKeeperOptions } from "./client/options.ts";
export type { SaslCredentials } from "./client/connection/sasl.ts";
export * from "./clock.ts";
export * from "./errors.ts";
export * from "./log.ts";
export { op } from "./operations.ts";
export * from "./random.ts";
export * from "./recipes/mod.ts";
export * from "./types.ts";
