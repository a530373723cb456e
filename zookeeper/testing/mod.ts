/**
 * Tools for tests of programs that use ZooKeeper: break a connection, lose a reply, end a session. Bytes flow between
 * any client and any server through `FaultyProxy`; `expireSession` speaks to the server directly.
 *
 * @module
 */

export * from "./expire_session.ts";
export * from "./faulty_proxy.ts";
