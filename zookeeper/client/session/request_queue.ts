/**
 * The requests of a client in their order: those that wait for a connection or for room in the window, and those in
 * flight, whose replies come in the order of sending. Also their deadlines.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { ZooKeeperError, type ZooKeeperErrorCode } from "../../errors.ts";
import type { JuteReader } from "../../wire/jute.ts";
import { WireError } from "../../wire/jute.ts";
import type { Connection } from "../connection/connection.ts";
import { PendingRequest, type RequestSpec } from "./pending_request.ts";

/** Deadlines closer together than this are looked at together: one timer, not thousands. */
const sweepEveryMs = 20;

/** Timers take 31 bits of milliseconds; a longer deadline is looked at again then. */
const longestTimerMs = 2 ** 31 - 1;

/** A queue that takes from the front in constant time. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  takeAll(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }

  forEach(visit: (item: T) => void): void {
    for (let index = this.#head; index < this.#items.length; index++) {
      visit(this.#items[index] as T);
    }
  }

  keepIf(wanted: (item: T) => boolean): void {
    this.#items = (this.#items.slice(this.#head) as T[]).filter(wanted);
    this.#head = 0;
  }
}

/** Bounds of a {@linkcode RequestQueue}. */
export interface RequestQueueOptions {
  clock: Clock;
  maxInFlight: number;
  maxQueued: number;
}

/** All requests of a client that have no reply yet. */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #waiting = new Fifo<PendingRequest>();
  readonly #inFlight = new Fifo<PendingRequest>();
  #connection: Connection | undefined;
  #nextXid = 1;
  #sweepAtMs = Infinity;
  #cancelSweep: (() => void) | undefined;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** Issues a request: it is sent now, if there is a connection with room, or waits. */
  add<T>(
    spec: RequestSpec<T>,
    options: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<T> {
    const { clock, maxQueued } = this.#options;
    const deadlineMs = clock.nowMs() + options.timeoutMs;
    const request = new PendingRequest(spec, deadlineMs, options.signal);
    if (request.settled) return request.promise;
    if (this.#waiting.length >= maxQueued) {
      // Those that gave up still stand in the queue; make room of them first.
      this.#waiting.keepIf((waiting) => !waiting.settled);
    }
    if (this.#waiting.length >= maxQueued) {
      request.fail("QUEUE_FULL");
      return request.promise;
    }
    this.#waiting.push(request as PendingRequest);
    this.#sweepBy(deadlineMs);
    this.#pump();
    return request.promise;
  }

  /** Sends what waits over this connection, now and later. */
  attach(connection: Connection): void {
    this.#connection = connection;
    connection.onDrained = () => this.#pump();
    this.#pump();
  }

  /** The connection is gone: what was in flight fails, what waits goes on waiting. */
  detach(code: ZooKeeperErrorCode, cause?: unknown): void {
    this.#connection = undefined;
    for (const request of this.#inFlight.takeAll()) {
      request.fail(code, { cause, unanswered: true });
    }
  }

  /** Fails everything that waits. */
  failWaiting(code: ZooKeeperErrorCode): void {
    for (const request of this.#waiting.takeAll()) request.fail(code);
  }

  /**
   * Hands a reply to the request whose turn it is.
   *
   * @throws {WireError} if it is not that request's reply, or cannot be read.
   */
  reply(xid: number, error: number, reader: JuteReader): void {
    const request = this.#inFlight.shift();
    if (request === undefined || request.xid !== xid) {
      request?.fail("CONNECTION_LOSS", { unanswered: true });
      throw new WireError(
        `read reply: expected the reply to request ${request?.xid ?? "none"}, ${xid} was there`,
      );
    }
    try {
      request.reply(error, reader);
    } catch (cause) {
      request.fail("MARSHALLING_ERROR", { cause, unanswered: true });
      throw cause;
    }
    this.#pump();
  }

  /** Stops the timer; nothing may be added after this. */
  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #pump(): void {
    const { maxInFlight } = this.#options;
    while (
      this.#connection?.isOpen && !this.#connection.isFull && this.#inFlight.length < maxInFlight
    ) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      if (!request.settled) this.#send(request, this.#connection);
    }
  }

  #send(request: PendingRequest, connection: Connection): void {
    const xid = this.#nextXid;
    try {
      connection.send((writer) => {
        writer.int(xid);
        writer.int(request.spec.opcode);
        request.spec.encode(writer);
      });
    } catch (cause) {
      request.fail("MARSHALLING_ERROR", { cause });
      return;
    }
    request.xid = xid;
    // Positive 31-bit numbers: negative ones have meanings of their own.
    this.#nextXid = xid === 0x7fffffff ? 1 : xid + 1;
    this.#inFlight.push(request);
  }

  #sweepBy(deadlineMs: number): void {
    if (deadlineMs >= this.#sweepAtMs) return;
    this.#cancelSweep?.();
    this.#sweepAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#options.clock.nowMs());
    // Rounded up: a timer that fires early would find nothing to do.
    this.#cancelSweep = this.#options.clock.after(
      Math.min(Math.ceil(delayMs), longestTimerMs),
      () => this.#sweep(),
    );
  }

  #sweep(): void {
    this.#sweepAtMs = Infinity;
    this.#cancelSweep = undefined;
    const nowMs = this.#options.clock.nowMs();
    let earliestMs = Infinity;
    const visit = (request: PendingRequest) => {
      if (request.settled) return;
      if (request.deadlineMs <= nowMs) request.fail("OPERATION_TIMEOUT", { unanswered: true });
      else earliestMs = Math.min(earliestMs, request.deadlineMs);
    };
    this.#waiting.forEach(visit);
    this.#inFlight.forEach(visit);
    if (earliestMs < Infinity) this.#sweepBy(Math.max(earliestMs, nowMs + sweepEveryMs));
  }
}

/** The error for a call on a client that is closed. */
export function closedError(operation: string, path = ""): ZooKeeperError {
  return new ZooKeeperError({ code: "CLOSED", operation, path });
}
