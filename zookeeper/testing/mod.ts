/**
 * Tools for tests of programs that use ZooKeeper: break a connection, lose a reply, end a session.
 *
 * @module
 */

export * from "./expire_session.ts";
export * from "./faulty_proxy.ts";
