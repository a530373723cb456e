/**
 * Keeps the session of a connection alive by pings, and closes a connection on which the server is silent.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import type { Connection } from "./connection.ts";

/** Checks per session time-out; they also give the precision of the limits below. */
const checksPerTimeout = 6;

/**
 * Sends a ping once nothing was sent for a third of the session time-out, and closes the connection once nothing was
 * received for two thirds of it: then a third is left to reach another server. The returned function stops it.
 */
export function keepAlive(
  connection: Connection,
  options: { timeoutMs: number; clock: Clock },
): () => void {
  const { timeoutMs, clock } = options;
  const everyMs = Math.max(10, timeoutMs / checksPerTimeout);
  /** `lastReceivedMs` at the first check that found the silence too long; undefined while it is not. */
  let suspectedSinceMs: number | undefined;
  let cancel = () => {};
  const check = () => {
    const nowMs = clock.nowMs();
    const silentMs = nowMs - connection.lastReceivedMs;
    const tooLong = silentMs >= timeoutMs * 2 / 3;
    // After a busy spell of this process, replies may lie unread in the socket. So the connection is closed only when a
    // second check finds that nothing more was received.
    if (tooLong && suspectedSinceMs === connection.lastReceivedMs) {
      connection.close(
        new Error(
          `keep alive: expected to hear from the server within ${timeoutMs} ms, ` +
            `it was silent for ${Math.round(silentMs)} ms`,
        ),
      );
      return;
    }
    suspectedSinceMs = tooLong ? connection.lastReceivedMs : undefined;
    if (tooLong || nowMs - connection.lastSentMs >= timeoutMs / 3 - everyMs) {
      connection.send((writer) => {
        writer.int(xids.ping);
        writer.int(opcodes.ping);
      });
    }
    cancel = clock.after(everyMs, check);
  };
  cancel = clock.after(everyMs, check);
  return () => cancel();
}
