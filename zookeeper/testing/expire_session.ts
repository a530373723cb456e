/**
 * Ends a session at its server behind its client's back, as its expiry would.
 *
 * @module
 */

import { opcodes } from "../wire/protocol.ts";
import { writeConnectRequest } from "../wire/records.ts";
import { JuteWriter } from "../wire/jute.ts";

/** A session as the server granted it: enough to take it over. */
export interface GrantedSession {
  /** As its client knows it. */
  id: bigint;
  /** What its client shows to go on with it. */
  password: Uint8Array;
}

/** The time-out that the take-over asks for; it matters to nobody, since the session is closed at once. */
const timeoutMs = 10_000;

/**
 * Takes a session over from its client and closes it: its ephemeral nodes go, and its client learns from
 * the server that it has expired. Resolves once the server has done so.
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
    // A reset says the same.
  } finally {
    try {
      conn.close();
    } catch {
      // It was closed already.
    }
  }
}
