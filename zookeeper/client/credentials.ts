// The credentials of a client: given to each new connection, and the replies to that.
import { type Clock } from "../clock.ts";
import { resultCodes, ZooKeeperError } from "../errors.ts";
import type { Log } from "../log.ts";
import { opcodes, xids } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";
import { quiet } from "./quiet.ts";

/** What {@linkcode Credentials} are handed. */
export interface CredentialsOptions {
  clock: Clock;
  log: Log;
}

/** All credentials that were added; replies come in the order of sending. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #known: { scheme: string; auth: Uint8Array }[] = [];
  #open: ((error: number) => void)[] = [];

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** Keeps them for every later connection and, if there is one now, waits for its answer. */
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
    if (signal?.aborted === true) return quiet(Promise.reject(signal.reason));
    this.#known.push({ scheme, auth });
    if (connection === undefined) return Promise.resolve();
    return quiet(
      new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          cancelTimer();
          signal?.removeEventListener("abort", onAbort);
          settle();
        };
        const fail = (code: "CONNECTION_LOSS" | "AUTH_FAILED" | "OPERATION_TIMEOUT") =>
          finish(() => reject(new ZooKeeperError({ code, operation: "addAuth" })));
        const onAbort = () => finish(() => reject(signal?.reason));
        const cancelTimer = this.#options.clock.after(timeoutMs, () => fail("OPERATION_TIMEOUT"));
        signal?.addEventListener("abort", onAbort, { once: true });
        this.#send(connection, { scheme, auth }, (error) => {
          if (error === 0) finish(resolve);
          else fail(error === resultCodes.CONNECTION_LOSS ? "CONNECTION_LOSS" : "AUTH_FAILED");
        });
      }),
    );
  }

  /** Gives them all to a new connection. */
  sendAll(connection: Connection): void {
    for (const known of this.#known) {
      this.#send(connection, known, (error) => {
        if (error === 0 || error === resultCodes.CONNECTION_LOSS) return;
        this.#options.log.error("the server refused the credentials", { scheme: known.scheme });
      });
    }
  }

  /** The server's answer to the credentials that were sent first. */
  reply(error: number): void {
    this.#open.shift()?.(error);
  }

  /** No answer will come any more. */
  connectionLost(): void {
    const open = this.#open;
    this.#open = [];
    for (const reply of open) reply(resultCodes.CONNECTION_LOSS);
  }

  #send(
    connection: Connection,
    { scheme, auth }: { scheme: string; auth: Uint8Array },
    onReply: (error: number) => void,
  ): void {
    this.#open.push(onReply);
    connection.send((writer) => {
      writer.int(xids.auth);
      writer.int(opcodes.auth);
      // A type that was never used.
      writer.int(0);
      writer.string(scheme);
      writer.buffer(auth);
    });
  }
}
