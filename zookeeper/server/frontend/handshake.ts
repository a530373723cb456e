/**
 * The first message of a connection: it begins a session, resumes one, or is refused.
 *
 * @module
 */

import type { JuteReader } from "../../wire/jute.ts";
import { readConnectRequest, writeConnectResponse } from "../../wire/records.ts";
import type { ClientConnection } from "../sessions/client_connection.ts";
import type { CoordinatorSettings } from "../options.ts";
import type { RequestProcessor } from "../requests/request_processor.ts";
import { passwordSizeBytes, type SessionTable } from "../sessions/session_table.ts";
import type { SeldomLog } from "./seldom_log.ts";
import type { WatchTable } from "../tree/watch_table.ts";

/** What a handshake works on. */
export interface HandshakeContext {
  settings: CoordinatorSettings;
  sessions: SessionTable<ClientConnection>;
  processor: RequestProcessor;
  watches: WatchTable;
  seldom: SeldomLog;
}

/** ZooKeeper's answer if the session has expired or the password is wrong. */
const refusal = {
  protocolVersion: 0,
  timeoutMs: 0,
  sessionId: 0n,
  password: new Uint8Array(passwordSizeBytes),
};

/**
 * Gives the client a session, or tells it that the session has expired and closes the connection.
 *
 * @throws {WireError} if the bytes are no handshake.
 */
export function shakeHands(
  connection: ClientConnection,
  reader: JuteReader,
  { settings, sessions, processor, watches, seldom }: HandshakeContext,
): void {
  const { clock, tickTimeMs, maxSessionTimeoutMs } = settings;
  const request = readConnectRequest(reader);
  if (request.lastZxidSeen > processor.lastZxid) {
    seldom.warn(
      "client refused: it has seen newer data than this server has; was the data folder lost?",
      {
        client: connection.remote,
        seen: request.lastZxidSeen,
        here: processor.lastZxid,
      },
    );
    connection.close("it has seen newer data than this server has");
    return;
  }
  const timeoutMs = Math.max(tickTimeMs * 2, Math.min(request.timeoutMs, maxSessionTimeoutMs));
  const nowMs = clock.nowMs();
  let session = sessions.resume(request.sessionId, request.password);
  if (request.sessionId === 0n) {
    session = sessions.begin(timeoutMs, nowMs);
    processor.nextTransaction();
  }
  connection.send((writer) =>
    writeConnectResponse(
      writer,
      session === undefined ? refusal : { ...session, protocolVersion: 0, sessionId: session.id },
      request.readOnly === undefined,
    )
  );
  if (session === undefined) {
    connection.closeWhenWritten("its session has expired");
    return;
  }
  if (session.connection !== undefined && session.connection !== connection) {
    const earlier = session.connection;
    earlier.session = undefined;
    watches.removeAll(earlier);
    earlier.close("its session goes on over another connection");
  }
  session.lastHeardMs = nowMs;
  session.connection = connection;
  connection.session = session;
}
