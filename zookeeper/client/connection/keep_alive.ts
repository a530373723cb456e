/**
 * Keeps the session of a connection alive by pings, and closes a connection on which the server is silent, or on which it
 * leaves a request without an answer.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import type { Connection } from "./connection.ts";

/** Checks per session time-out; they also give the precision of the limits below. */
const checksPerTimeout = 6;

/** What {@linkcode keepAlive} goes by. */
export interface KeepAliveOptions {
  /** The session time-out, in ms. */
  timeoutMs: number;
  /** How long a request may go without an answer, in ms. */
  answerTimeoutMs: number;
  /** When the oldest request without an answer was sent, by the monotonic clock; undefined if all are answered. */
  unansweredSinceMs(): number | undefined;
  clock: Clock;
}

/**
 * Sends a ping once nothing was sent for a third of the session time-out, and closes the connection once nothing was
 * received for two thirds of it: then a third is left to reach another server. The returned function stops it.
 *
 * It also closes the connection once a request has had no answer for `answerTimeoutMs`, even if the server is not silent:
 * answers come in the order of the requests, so whatever follows that request would never be answered either.
 */
export function keepAlive(connection: Connection, options: KeepAliveOptions): () => void {
  const { timeoutMs, answerTimeoutMs, clock } = options;
  const everyMs = Math.max(10, timeoutMs / checksPerTimeout);
  const silence = new Suspicion(timeoutMs * 2 / 3);
  const omission = new Suspicion(answerTimeoutMs);
  let cancel = () => {};
  const check = () => {
    const nowMs = clock.nowMs();
    const silent = silence.check(connection.lastReceivedMs, nowMs);
    if (silent === "certain") {
      connection.close(
        new Error(
          `keep alive: expected to hear from the server within ${timeoutMs} ms, ` +
            `it was silent for ${Math.round(nowMs - connection.lastReceivedMs)} ms`,
        ),
      );
      return;
    }
    if (omission.check(options.unansweredSinceMs(), nowMs) === "certain") {
      connection.close(
        new Error(
          `keep alive: expected an answer to each request within ${answerTimeoutMs} ms, ` +
            "the server sends something, but not the answer to the oldest one",
        ),
      );
      return;
    }
    if (silent === "possible" || nowMs - connection.lastSentMs >= timeoutMs / 3 - everyMs) {
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

/**
 * Something that the server has not done since some moment. After a busy spell of this process, what it has sent may lie
 * unread in the socket. So it is certain only when a second check finds that it still stands since the same moment.
 */
class Suspicion {
  readonly #limitMs: number;
  /** The moment that the last check has found too long ago; undefined if it has not. */
  #sinceMs: number | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  check(sinceMs: number | undefined, nowMs: number): "none" | "possible" | "certain" {
    if (sinceMs === undefined || nowMs - sinceMs < this.#limitMs) {
      this.#sinceMs = undefined;
      return "none";
    }
    if (this.#sinceMs === sinceMs) return "certain";
    this.#sinceMs = sinceMs;
    return "possible";
  }
}
