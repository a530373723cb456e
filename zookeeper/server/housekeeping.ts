/**
 * What the server does periodically: it expires sessions, deletes expired nodes, and closes connections that ask for
 * no session.
 *
 * @module
 */

import type { ClientConnection } from "./sessions/client_connection.ts";
import type { CoordinatorSettings } from "./options.ts";
import type { RequestProcessor } from "./requests/request_processor.ts";
import type { SessionTable } from "./sessions/session_table.ts";

/** A connection that has asked for no session after this time, in ms, is closed. */
const handshakeTimeoutMs = 10_000;

/**
 * A connection whose output has waited this long, in ms, without any of it being taken is closed. A system says that it
 * has taken some only when a third of its buffer is free again, which may be more than a megabyte: who reads 30 kB per
 * second is still heard of in this time.
 */
const stalledTimeoutMs = 60_000;

/** What housekeeping works on. */
export interface HousekeepingOptions {
  settings: CoordinatorSettings;
  sessions: SessionTable<ClientConnection>;
  processor: RequestProcessor;
  connections(): Iterable<ClientConnection>;
  /** Called once per tick, beside all else. */
  tidy(): void;
  /** Called after a change, so that it is committed. */
  onChange(): void;
}

/** Starts housekeeping, once per tick. The returned function stops it. */
export function startHousekeeping(options: HousekeepingOptions): () => void {
  const { settings, sessions, processor, connections, tidy, onChange } = options;
  const { clock, tickTimeMs, containerCheckMs, log } = settings;
  let lastTickMs = clock.nowMs();
  let lastContainersMs = lastTickMs;
  let cancel = clock.after(tickTimeMs, tick);
  return () => cancel();

  function tick(): void {
    const nowMs = clock.nowMs();
    const lateMs = nowMs - lastTickMs - tickTimeMs;
    lastTickMs = nowMs;
    if (lateMs > tickTimeMs) {
      log.warn("the server stood still; all sessions are extended by that time", { lateMs });
      sessions.extendAll(lateMs);
      for (const connection of connections()) connection.extend(lateMs);
    }
    for (const session of sessions.overdue(nowMs)) {
      log.info("session expired", { sessionId: `0x${session.id.toString(16)}` });
      processor.endSession(session);
      session.connection?.close("its session expired");
      onChange();
    }
    if (nowMs - lastContainersMs >= containerCheckMs) {
      lastContainersMs = nowMs;
      processor.removeExpiredNodes();
      onChange();
    }
    for (const connection of connections()) {
      const isMute = connection.session === undefined && !connection.isClosing;
      if (isMute && nowMs - connection.openedMs > handshakeTimeoutMs) {
        connection.close("it did not ask for a session");
      } else if (connection.stalledMs(nowMs) > stalledTimeoutMs) {
        connection.close(`it does not read: nothing was taken for ${stalledTimeoutMs / 1_000} s`);
      }
    }
    tidy();
    cancel = clock.after(tickTimeMs, tick);
  }
}
