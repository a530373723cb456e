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

/** Deadlines within this time, in ms, are checked together: one timer instead of thousands. */
const sweepEveryMs = 20;

/** The longest time of a timer, in ms (31 bits); a longer deadline is checked again after it. */
const longestTimerMs = 2 ** 31 - 1;

/** A queue whose `shift` takes constant time on average. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
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

/** Clock and bounds of a {@linkcode RequestQueue}. */
export interface RequestQueueOptions {
  clock: Clock;
  maxInFlight: number;
  maxQueued: number;
}

/** All requests of a client that have no reply yet: queued or in flight. */
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

  /** When the oldest request in flight was sent, by the monotonic clock; undefined if none is in flight. */
  get unansweredSinceMs(): number | undefined {
    return this.#inFlight.first?.sentMs;
  }

  /** Issues a request: it is sent now if there is a connection and room in the window, else it waits. */
  add<T>(
    spec: RequestSpec<T>,
    options: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<T> {
    const { clock, maxQueued } = this.#options;
    const deadlineMs = clock.nowMs() + options.timeoutMs;
    const request = new PendingRequest(spec, deadlineMs, options.signal);
    if (request.settled) return request.promise;
    if (this.#waiting.length >= maxQueued) {
      // Requests that timed out or were aborted still stand in the queue: remove them first.
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

  /** Sends the queued and all later requests over this connection. */
  attach(connection: Connection): void {
    this.#connection = connection;
    connection.onDrained = () => this.#pump();
    this.#pump();
  }

  /** The connection is gone: requests in flight fail, queued ones go on waiting. */
  detach(code: ZooKeeperErrorCode, cause?: unknown): void {
    this.#connection = undefined;
    for (const request of this.#inFlight.takeAll()) {
      request.fail(code, { cause, unanswered: true });
    }
  }

  /** Fails all queued requests. */
  failWaiting(code: ZooKeeperErrorCode): void {
    for (const request of this.#waiting.takeAll()) request.fail(code);
  }

  /**
   * Hands a reply to the oldest request in flight.
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

  /** Stops the timer. No request may be added after this. */
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
    request.sentMs = this.#options.clock.nowMs();
    // Positive numbers of 31 bits: negative xids have fixed meanings.
    this.#nextXid = xid === 0x7fffffff ? 1 : xid + 1;
    this.#inFlight.push(request);
  }

  #sweepBy(deadlineMs: number): void {
    if (deadlineMs >= this.#sweepAtMs) return;
    this.#cancelSweep?.();
    this.#sweepAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#options.clock.nowMs());
    // Rounded up: a timer that fires early would find no expired request.
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

/** Returns the error of a call on a closed client. */
export function closedError(operation: string, path = ""): ZooKeeperError {
  return new ZooKeeperError({ code: "CLOSED", operation, path });
}
