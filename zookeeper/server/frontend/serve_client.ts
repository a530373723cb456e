/**
 * Serves one client from its first byte to its last: it tells a four-letter word from a handshake, hands requests
 * over, and closes the connection of a client whose bytes cannot be decoded. Frames come in from `sessions/`'s
 * connection and go to the handshake here or to `requests/`; the replies leave through the same connection.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { JuteReader, WireError } from "../../wire/jute.ts";
import type { ClientConnection } from "../sessions/client_connection.ts";
import { isConnectionError } from "../sessions/connection_errors.ts";
import type { SeldomLog } from "./seldom_log.ts";
import { answerWord, fourLetterWord, type ServerFacts } from "./four_letter_words.ts";
import { type HandshakeContext, shakeHands } from "./handshake.ts";
import type { RequestProcessor } from "../requests/request_processor.ts";

/** What serving a client needs. */
export interface ServeContext {
  log: Log;
  /** For what any client can cause, again and again. */
  seldom: SeldomLog;
  clock: Clock;
  handshakes: HandshakeContext;
  processor: RequestProcessor;
  /** Returns the figures for the four-letter words. */
  facts(): ServerFacts;
}

/** Serves one client until its connection ends. Never rejects: an error of one client concerns no other. */
export async function serveClient(
  connection: ClientConnection,
  context: ServeContext,
): Promise<void> {
  const { log } = context;
  try {
    while (!connection.isClosing && await connection.receive()) take(connection, context);
    if (connection.isClosing && connection.isOpen) {
      // Further bytes of the client are dropped, but the last replies should reach it.
      while (await connection.receive()) connection.frames.discard();
    }
    connection.close("the client closed it");
  } catch (error) {
    if (connection.isOpen && error instanceof WireError) {
      context.seldom.warn("client disconnected: its bytes cannot be decoded", {
        client: connection.remote,
        error: error.message,
      });
    } else if (connection.isOpen && !isConnectionError(error)) {
      log.error("client disconnected: its request failed in the server", {
        client: connection.remote,
        error,
      });
    }
    connection.close(error instanceof Error ? error.message : String(error));
  }
  log.debug("client gone", { client: connection.remote, reason: connection.reason });
}

/** Handles all frames that have arrived in full. */
function take(connection: ClientConnection, context: ServeContext): void {
  if (connection.session === undefined) {
    const start = connection.frames.peek(4);
    const word = start === undefined ? undefined : fourLetterWord(start);
    if (word !== undefined) {
      connection.sendRaw(new TextEncoder().encode(answerWord(word, context.facts())));
      connection.closeWhenWritten();
      return;
    }
  }
  const nowMs = context.clock.nowMs();
  while (!connection.isClosing) {
    const frame = connection.frames.next();
    if (frame === undefined) return;
    const { session } = connection;
    if (session === undefined) {
      shakeHands(connection, new JuteReader(frame), context.handshakes);
      continue;
    }
    session.lastHeardMs = nowMs;
    connection.received++;
    context.processor.process(connection, session, new JuteReader(frame));
  }
}
