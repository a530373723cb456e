/**
 * Tries one server after the other until one answers the handshake, with growing pauses. An attempt or a pause that is
 * under way can be interrupted.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Random } from "../../random.ts";
import type { ConnectRequest } from "../../wire/records.ts";
import { reconnectDelayMs } from "./back_off.ts";
import type { ServerAddress } from "./connect_string.ts";
import { Connection } from "./connection.ts";
import type { Dial } from "./dial.ts";
import type { SaslCredentials } from "./sasl.ts";

/** Dependencies and settings of a {@linkcode ServerRotation}. */
export interface ServerRotationOptions {
  servers: readonly ServerAddress[];
  connectTimeoutMs: number;
  dial: Dial;
  sasl: SaslCredentials | undefined;
  clock: Clock;
  log: Log;
  random: Random;
}

/** The attempts to connect, one after the other, in the order of the servers. */
export class ServerRotation {
  readonly #options: ServerRotationOptions;
  #turn = 0;
  #failures = 0;
  #interrupt = new AbortController();
  #stopped = false;
  #lastFailure: unknown;

  constructor(options: ServerRotationOptions) {
    this.#options = options;
  }

  /** Makes one attempt at the next server, after its pause; undefined if it failed. Never rejects. */
  async attempt(request: () => ConnectRequest): Promise<Connection | undefined> {
    const { servers, clock, random, log, connectTimeoutMs, dial, sasl } = this.#options;
    const server = servers[this.#turn % servers.length];
    if (server === undefined || this.#stopped) return undefined;
    this.#turn++;
    await this.#pause(
      reconnectDelayMs({ failures: this.#failures, servers: servers.length, random }),
    );
    if (this.#stopped) return undefined;
    const { signal } = this.#renewed();
    try {
      const connection = await Connection.open(server, {
        clock,
        signal,
        timeoutMs: connectTimeoutMs,
        dial,
        sasl,
        request: request(),
      });
      if (!signal.aborted) {
        this.#lastFailure = undefined;
        return connection;
      }
      connection.close(signal.reason);
      throw signal.reason;
    } catch (error) {
      this.#failures++;
      this.#lastFailure = error;
      log.debug("no session with this server", { ...server, failures: this.#failures, error });
      return undefined;
    }
  }

  /** Why the last attempt failed; undefined if no attempt has failed since the last connection. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Has the next attempt go to the same server again. */
  stayAtServer(): void {
    this.#turn--;
  }

  /** Counts a connection that has ended: as a success if it held for a while, else as a failure, so that the pauses grow. */
  connectionEnded({ held }: { held: boolean }): void {
    this.#failures = held ? 0 : this.#failures + 1;
  }

  /** Ends the attempt or the pause that is under way. */
  interrupt(reason: unknown): void {
    this.#interrupt.abort(reason);
  }

  /** Ends the attempt or the pause that is under way; no attempt follows. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.interrupt(reason);
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs <= 0) return;
    const { signal } = this.#renewed();
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      signal.addEventListener("abort", () => {
        cancel();
        resolve();
      }, { once: true });
    });
  }

  #renewed(): AbortController {
    if (this.#interrupt.signal.aborted && !this.#stopped) this.#interrupt = new AbortController();
    return this.#interrupt;
  }
}
