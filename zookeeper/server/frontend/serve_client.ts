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
import { answerWord, fourLetterWord, type WordSource } from "./four_letter_words.ts";
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
  /** What the four-letter words ask. */
  words: WordSource;
}

/** Serves one client until its connection ends. Never rejects: an error of one client concerns no other. */
export async function serveClient(
  connection: ClientConnection,
  context: ServeContext,
): Promise<void> {
  const { clock, log } = context;
  let hasEnded = false;
  const attend = () => {
    try {
      take(connection, context);
    } catch (error) {
      disconnect(connection, error, context);
    }
    if (hasEnded && !connection.isPaused) connection.closeWhenWritten("the client closed it");
  };
  connection.onResume = attend;
  try {
    while (await connection.receive()) {
      if (connection.session !== undefined) connection.session.lastHeardMs = clock.nowMs();
      attend();
    }
  } catch (error) {
    disconnect(connection, error, context);
  }
  // It sends no more, but may still read: what it has asked for is done and answered.
  hasEnded = true;
  if (connection.isOpen) attend();
  await connection.closed;
  log.debug("client gone", { client: connection.remote, reason: connection.reason });
}

function disconnect(
  connection: ClientConnection,
  error: unknown,
  { log, seldom }: ServeContext,
): void {
  if (connection.isOpen && error instanceof WireError) {
    seldom.warn("client disconnected: its bytes cannot be decoded", {
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

/** Handles the frames that have arrived in full, as long as their replies find room. */
function take(connection: ClientConnection, context: ServeContext): void {
  if (connection.session === undefined && !connection.isClosing) {
    const start = connection.frames.peek(4);
    const word = start === undefined ? undefined : fourLetterWord(start);
    if (word !== undefined) {
      connection.sendRaw(new TextEncoder().encode(answerWord(word, context.words)));
      connection.closeWhenWritten("a four-letter word was answered");
    }
  }
  while (!connection.isClosing && !connection.isPaused) {
    const frame = connection.frames.next();
    if (frame === undefined) return;
    const { session } = connection;
    if (session === undefined) {
      shakeHands(connection, new JuteReader(frame), context.handshakes);
      continue;
    }
    connection.received++;
    context.processor.process(connection, session, new JuteReader(frame));
  }
  // Further bytes of the client are dropped, but the last replies should reach it.
  if (connection.isClosing) connection.frames.discard();
}
