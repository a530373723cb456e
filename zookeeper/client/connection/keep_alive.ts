/**
 * Keeps a connection's session alive by pings, and gives up a connection on which nothing is heard.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import type { Connection } from "./connection.ts";

/** Looks this often per session time-out; also the precision of the limits below. */
const checksPerTimeout = 6;

/**
 * Pings once nothing was sent for a third of the time-out, and closes the connection once nothing came
 * for two thirds of it: then a third is left to reach another server. The result stops it.
 */
export function keepAlive(
  connection: Connection,
  options: { timeoutMs: number; clock: Clock },
): () => void {
  const { timeoutMs, clock } = options;
  const everyMs = Math.max(10, timeoutMs / checksPerTimeout);
  /** When something had been heard last as an earlier check found that too long ago. */
  let suspectedSinceMs: number | undefined;
  let cancel = () => {};
  const check = () => {
    const nowMs = clock.nowMs();
    const silentMs = nowMs - connection.lastReceivedMs;
    const tooLong = silentMs >= timeoutMs * 2 / 3;
    // After a busy spell of this process, the server's words may lie in the socket unread: only a second check
    // that finds nothing new is to be believed.
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
