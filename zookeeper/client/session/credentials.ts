/**
 * The credentials of a client. They are sent over each new connection, and this file matches the replies.
 *
 * @module
 */

import { type Clock } from "../../clock.ts";
import { ZooKeeperError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import type { Connection } from "../connection/connection.ts";
import { markHandled, rejected } from "./mark_handled.ts";

/** Dependencies of {@linkcode Credentials}. */
export interface CredentialsOptions {
  clock: Clock;
  log: Log;
}

/** The outcome of adding credentials, for the callers that wait for it. */
type Outcome = "OK" | "AUTH_FAILED" | "CLOSED";

interface Known {
  scheme: string;
  auth: Uint8Array;
  /** True once a server has accepted them. */
  accepted: boolean;
  waiting: Set<(outcome: Outcome) => void>;
}

/** All credentials that were added and not refused. The server replies in the order of sending. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #known: Known[] = [];
  #sent: Known[] = [];
  /** Credentials that were refused over the connection that is about to be closed. */
  readonly #refused: Known[] = [];

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** Keeps credentials for this and every later connection, and waits until a server has accepted them. */
  add(
    scheme: string,
    auth: Uint8Array,
    options: {
      connection: Connection | undefined;
      timeoutMs: number;
      signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { connection, timeoutMs, signal } = options;
    if (signal?.aborted === true) return rejected(signal.reason);
    const known = this.#remember(scheme, auth);
    const fail = (code: "AUTH_FAILED" | "CLOSED" | "OPERATION_TIMEOUT") =>
      new ZooKeeperError({ code, operation: "addAuth" });
    const outcome = new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void) => {
        known.waiting.delete(onOutcome);
        cancelTimer();
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const onOutcome = (outcome: Outcome) =>
        finish(outcome === "OK" ? resolve : () => reject(fail(outcome)));
      const onAbort = () => finish(() => reject(signal?.reason));
      const cancelTimer = this.#options.clock.after(
        timeoutMs,
        () => finish(() => reject(fail("OPERATION_TIMEOUT"))),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      known.waiting.add(onOutcome);
    });
    if (connection !== undefined) this.#send(connection, known);
    return markHandled(outcome);
  }

  /** Sends all credentials over a new connection. */
  sendAll(connection: Connection): void {
    for (const known of this.#known) this.#send(connection, known);
  }

  /**
   * Takes the server's reply to the oldest credentials that were sent. Returns false if the server refused them: then
   * nothing more comes over this connection, and the callers learn of it in {@linkcode connectionLost}.
   */
  reply(error: number): boolean {
    const known = this.#sent.shift();
    if (known === undefined) return true;
    if (error === 0) {
      known.accepted = true;
      settle(known, "OK");
      return true;
    }
    this.#options.log.error("the server refused the credentials", { scheme: known.scheme });
    // The server closes the connection as well, and would close the next one; so refused credentials are forgotten. They
    // are kept if another server of the ensemble has accepted them: then this one server is at fault.
    if (!known.accepted) this.#known.splice(this.#known.indexOf(known), 1);
    this.#refused.push(known);
    return false;
  }

  /** The connection is lost: its outstanding replies will not come, and the callers go on waiting for the next connection. */
  connectionLost(): void {
    this.#sent = [];
    for (const known of this.#refused.splice(0)) settle(known, "AUTH_FAILED");
  }

  /** The client is closed: the callers that wait fail with `CLOSED`. */
  close(): void {
    for (const known of this.#known) settle(known, "CLOSED");
  }

  #remember(scheme: string, auth: Uint8Array): Known {
    const same = this.#known.find((known) =>
      known.scheme === scheme && known.auth.length === auth.length &&
      known.auth.every((byte, index) => byte === auth[index])
    );
    if (same !== undefined) return same;
    const known = { scheme, auth: auth.slice(), accepted: false, waiting: new Set() } as Known;
    this.#known.push(known);
    return known;
  }

  #send(connection: Connection, known: Known): void {
    this.#sent.push(known);
    connection.send((writer) => {
      writer.int(xids.auth);
      writer.int(opcodes.auth);
      // The field `type`, which was never used.
      writer.int(0);
      writer.string(known.scheme);
      writer.buffer(known.auth);
    });
  }
}

function settle(known: Known, outcome: Outcome): void {
  for (const onOutcome of [...known.waiting]) onOutcome(outcome);
}
