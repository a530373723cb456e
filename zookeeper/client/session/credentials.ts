/**
 * The credentials of a client: given to each new connection, and the replies to that.
 *
 * @module
 */

import { type Clock } from "../../clock.ts";
import { ZooKeeperError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { opcodes, xids } from "../../wire/protocol.ts";
import type { Connection } from "../connection/connection.ts";
import { markHandled, rejected } from "./mark_handled.ts";

/** What {@linkcode Credentials} are handed. */
export interface CredentialsOptions {
  clock: Clock;
  log: Log;
}

/** What became of credentials, to whoever waits for it. */
type Outcome = "OK" | "AUTH_FAILED" | "CLOSED";

interface Known {
  scheme: string;
  auth: Uint8Array;
  /** True once a server has taken them. */
  accepted: boolean;
  waiting: Set<(outcome: Outcome) => void>;
}

/** All credentials that were added and not refused; replies come in the order of sending. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #known: Known[] = [];
  #sent: Known[] = [];
  /** Refused over the connection that is about to be given up. */
  readonly #refused: Known[] = [];

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** Keeps them for this and every later connection, and waits until a server has taken them. */
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

  /** Gives them all to a new connection. */
  sendAll(connection: Connection): void {
    for (const known of this.#known) this.#send(connection, known);
  }

  /**
   * The server's answer to the credentials that were sent first. False if it refused them: then nothing more comes over
   * this connection, and whoever waits hears of it when it has been given up.
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
    // It closes the connection as well, and would close the next one. Where another server of the same
    // ensemble has taken them, it is that one server's fault, and there are others to go to.
    if (!known.accepted) this.#known.splice(this.#known.indexOf(known), 1);
    this.#refused.push(known);
    return false;
  }

  /** No answer will come over this connection any more; whoever waits does so for the next one. */
  connectionLost(): void {
    this.#sent = [];
    for (const known of this.#refused.splice(0)) settle(known, "AUTH_FAILED");
  }

  /** There will be no other connection. */
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
      // A type that was never used.
      writer.int(0);
      writer.string(known.scheme);
      writer.buffer(known.auth);
    });
  }
}

function settle(known: Known, outcome: Outcome): void {
  for (const onOutcome of [...known.waiting]) onOutcome(outcome);
}
