// Keeps a connection's session alive by pings, and gives up a connection on which nothing is heard.
import type { Clock } from "../clock.ts";
import { opcodes, xids } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";

/** Looks this often per session time-out; also the precision of the limits below. */
const looksPerTimeout = 6;

/**
 * Pings once nothing was sent for a third of the time-out, and closes the connection once nothing came
 * for two thirds of it: then a third is left to reach another server. The result stops it.
 */
export function keepAlive(
  connection: Connection,
  options: { timeoutMs: number; clock: Clock },
): () => void {
  const { timeoutMs, clock } = options;
  const everyMs = Math.max(10, timeoutMs / looksPerTimeout);
  /** When something had been heard last as an earlier look found that too long ago. */
  let suspectedMs: number | undefined;
  let cancel = () => {};
  const look = () => {
    const nowMs = clock.nowMs();
    const silentMs = nowMs - connection.lastReceivedMs;
    const tooLong = silentMs >= timeoutMs * 2 / 3;
    // After a busy spell of this process, the server's words may lie in the socket unread: only a second look
    // that finds nothing new is to be believed.
    if (tooLong && suspectedMs === connection.lastReceivedMs) {
      connection.close(
        new Error(
          `keep alive: expected to hear from the server within ${timeoutMs} ms, ` +
            `it was silent for ${Math.round(silentMs)} ms`,
        ),
      );
      return;
    }
    suspectedMs = tooLong ? connection.lastReceivedMs : undefined;
    if (tooLong || nowMs - connection.lastSentMs >= timeoutMs / 3 - everyMs) {
      connection.send((writer) => {
        writer.int(xids.ping);
        writer.int(opcodes.ping);
      });
    }
    cancel = clock.after(everyMs, look);
  };
  cancel = clock.after(everyMs, look);
  return () => cancel();
}
