/**
 * Ends a session at its server behind its client's back, as its expiry would.
 *
 * @module
 */

import { opcodes } from "../wire/protocol.ts";
import { writeConnectRequest } from "../wire/records.ts";
import { JuteWriter } from "../wire/jute.ts";

/** The id and the password of a session: enough to take it over. */
export interface GrantedSession {
  /** Id of the session. */
  id: bigint;
  /** The password with which a client resumes the session. */
  password: Uint8Array;
}

/** The time-out that the take-over asks for, in ms; it has no effect, since the session is closed at once. */
const timeoutMs = 10_000;

/**
 * Takes a session over from its client and closes it. The server deletes its ephemeral nodes, and the client learns at
 * its next connection that the session has expired. Resolves once the server has closed the session.
 *
 * @example
 * ```ts
 * import { Coordinator } from "../server/mod.ts";
 * import { ZooKeeper } from "../mod.ts";
 * import { FaultyProxy } from "./faulty_proxy.ts";
 *
 * const server = await Coordinator.listen();
 * const proxy = new FaultyProxy({ port: server.port });
 * const zk = new ZooKeeper(proxy.connectString);
 * await zk.connected();
 * if (proxy.session !== undefined) await expireSession({ port: server.port }, proxy.session);
 * await zk.close();
 * await proxy.close();
 * await server.close();
 * ```
 */
export async function expireSession(
  server: { hostname?: string; port: number },
  session: GrantedSession,
): Promise<void> {
  const { hostname = "127.0.0.1", port } = server;
  const writer = new JuteWriter();
  const handshake = writer.beginFrame();
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeoutMs,
    sessionId: session.id,
    password: session.password,
  });
  writer.endFrame(handshake);
  const close = writer.beginFrame();
  writer.int(1);
  writer.int(opcodes.closeSession);
  writer.endFrame(close);
  const conn = await Deno.connect({ hostname, port });
  try {
    for (let rest = writer.bytes(); rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    const buffer = new Uint8Array(1024);
    // The server closes the connection when the session has ended.
    while (await conn.read(buffer) !== null);
  } catch {
    // A reset means the same.
  } finally {
    try {
      conn.close();
    } catch {
      // It was closed already.
    }
  }
}
