/**
 * One connection: reads the heads of requests, one after the other, passes them to the handler, and writes its responses. The
 * server decides when a connection has had its time.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { HttpLimits } from "./limits.ts";
import { BadRequest, type HttpRequest, parseRequest } from "./request.ts";
import {
  type HttpHandler,
  type HttpResponse,
  MAX_FRAME_BYTES,
  textResponse,
  writeHead,
} from "./response.ts";

/** What a connection is given by its server. */
export interface ConnectionContext {
  readonly limits: HttpLimits;
  readonly handler: HttpHandler;
  /** Milliseconds on a monotonic clock, which may be as old as a second: deadlines are not finer. */
  readonly nowMs: number;
  /** The `date` header, not older than a second. */
  readonly date: string;
  /** Whether the server is closing: each connection then ends with its response. */
  readonly isClosing: boolean;
  /** Called with what a handler throws. */
  onError(cause: unknown): void;
}

/** A head is most often shorter; the buffer grows up to the limit. */
const FIRST_BUFFER_BYTES = 2_048;
/** Head and body of a response are sent in one piece up to this size: an announce's answer takes at most as much. */
const OUTPUT_BYTES = 17 * 1024;
/** A larger body is written in pieces, each of which must be accepted in time. */
const PIECE_BYTES = 64 * 1024;
/** Buffers that are kept for other connections. */
const MAX_POOLED = 256;

const inputs: Uint8Array<ArrayBuffer>[] = [];
const outputs: Uint8Array<ArrayBuffer>[] = [];
const NO_BYTES = new Uint8Array();
const CR = 13;
const LF = 10;

/** One client's connection. */
export class Connection {
  /** The client's IP address. */
  readonly remoteAddress: string;
  /** The address of this machine to which the client has connected. */
  readonly localAddress: string;
  /** When the server may close it, on its monotonic clock. */
  deadlineMs: number;
  /** When it was opened or last got a response. */
  lastActiveMs: number;
  /** Whether it has had a response yet. */
  hasBeenServed = false;
  /** Whether it waits for a request, so that closing it loses no response. */
  isWaiting = true;
  readonly #connection: Deno.TcpConn;
  readonly #context: ConnectionContext;
  #input = inputs.pop() ?? new Uint8Array(FIRST_BUFFER_BYTES);
  /** The same bytes, to be read as text. */
  #text = Buffer.from(this.#input.buffer);
  /** How many bytes of the input are filled. */
  #filled = 0;
  /** Where the head of the next request ends in the input; -1 while it is not whole. */
  #headEnd = -1;
  /** Of the request that is being answered. */
  #keepsAlive = false;
  #hasBody = true;
  /** The pooled buffer that is being written, and what of the response is not in it. */
  #output: Uint8Array<ArrayBuffer> | undefined;
  #rest: Uint8Array = NO_BYTES;
  #isClosed = false;

  constructor(
    connection: Deno.TcpConn,
    options: {
      readonly context: ConnectionContext;
      readonly remoteAddress: string;
      readonly localAddress: string;
    },
  ) {
    this.#connection = connection;
    this.#context = options.context;
    this.remoteAddress = options.remoteAddress;
    this.localAddress = options.localAddress;
    this.lastActiveMs = this.#context.nowMs;
    this.deadlineMs = this.lastActiveMs + this.#context.limits.headTimeoutMs;
  }

  /** Closes it at once; what is under way is lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch {
      // The other side has closed it.
    }
  }

  /** Serves requests until either side ends the connection. Never rejects. */
  async serve(): Promise<void> {
    const connection = this.#connection;
    try {
      for (let keepsAlive = true; keepsAlive;) {
        while (this.#headEnd < 0) {
          const readBytes = await connection.read(this.#roomForMore());
          if (readBytes === null) return;
          this.#received(readBytes);
        }
        const answer = this.#answer();
        const response = answer instanceof Promise ? await answer : answer;
        const output = this.#format(response);
        const written = await connection.write(output);
        if (written < output.length) await this.#writeAll(output.subarray(written));
        if (this.#rest.length > 0) await this.#writeAll(this.#rest);
        keepsAlive = this.#wait();
      }
    } catch {
      // The client went away, or the server has closed the connection: there is nobody to tell.
    } finally {
      this.close();
      if (this.#input.length === FIRST_BUFFER_BYTES && inputs.length < MAX_POOLED) {
        inputs.push(this.#input);
      }
    }
  }

  /** The part of the input that is free; the input grows if it is full. */
  #roomForMore(): Uint8Array<ArrayBuffer> {
    if (this.#filled === this.#input.length) {
      const larger = new Uint8Array(this.#input.length * 2);
      larger.set(this.#input);
      this.#input = larger;
      this.#text = Buffer.from(larger.buffer);
    }
    return this.#filled === 0 ? this.#input : this.#input.subarray(this.#filled);
  }

  /** Notes what was read, and looks for the end of a head in it. */
  #received(readBytes: number): void {
    const { nowMs, limits } = this.#context;
    if (this.#filled === 0) this.deadlineMs = nowMs + limits.headTimeoutMs;
    const searchedTo = Math.max(0, this.#filled - 3);
    this.#filled += readBytes;
    this.#headEnd = this.#findHeadEnd(searchedTo);
  }

  /** Takes a request from the input and has it answered. A request that cannot be read is answered with what is wrong. */
  #answer(): HttpResponse | Promise<HttpResponse> {
    this.isWaiting = false;
    // Without a deadline, since the client does not decide how long the handler takes.
    this.deadlineMs = Infinity;
    this.#keepsAlive = false;
    this.#hasBody = true;
    try {
      const request = this.#takeRequest();
      this.#keepsAlive = request.keepsAlive;
      this.#hasBody = request.method !== "HEAD";
      const answer = this.#context.handler(request);
      return answer instanceof Promise ? answer.catch((cause) => this.#failed(cause)) : answer;
    } catch (cause) {
      // Where the request after a bad one would begin is not known, so the connection ends.
      return cause instanceof BadRequest
        ? textResponse(cause.status, `${cause.message}\n`)
        : this.#failed(cause);
    }
  }

  #failed(cause: unknown): HttpResponse {
    this.#context.onError(cause);
    return textResponse(500, "internal error\n");
  }

  #takeRequest(): HttpRequest {
    const { maxHeadBytes } = this.#context.limits;
    const headEnd = this.#headEnd;
    if (headEnd > maxHeadBytes) {
      throw new BadRequest(431, `expected a request of at most ${maxHeadBytes} bytes`);
    }
    // The line break before the empty line is part of it.
    const head = this.#text.toString("latin1", 0, headEnd + 2);
    this.#consume(headEnd + 4);
    return parseRequest(head, this);
  }

  /** The bytes of a response, of a large one without its body. */
  #format(response: HttpResponse): Uint8Array<ArrayBuffer> {
    const { date, isClosing, nowMs, limits } = this.#context;
    this.#keepsAlive &&= !isClosing;
    this.deadlineMs = nowMs + limits.writeTimeoutMs;
    const form = { date, keepsAlive: this.#keepsAlive };
    const body = this.#hasBody ? response.body : NO_BYTES;
    const frameBytes = response.headers.length + MAX_FRAME_BYTES;
    const isWhole = frameBytes + body.length <= OUTPUT_BYTES;
    const output = isWhole ? this.#takeOutput() : new Uint8Array(frameBytes);
    const headBytes = writeHead(response, form, output);
    if (isWhole) output.set(body, headBytes);
    this.#rest = isWhole ? NO_BYTES : body;
    return output.subarray(0, isWhole ? headBytes + body.length : headBytes);
  }

  #takeOutput(): Uint8Array<ArrayBuffer> {
    const output = outputs.pop() ?? new Uint8Array(OUTPUT_BYTES);
    this.#output = output;
    return output;
  }

  /** Waits for the next request, of which a part may have come already; false if there is to be none. */
  #wait(): boolean {
    const { nowMs, limits, isClosing } = this.#context;
    if (this.#output !== undefined && outputs.length < MAX_POOLED) outputs.push(this.#output);
    this.#output = undefined;
    this.#rest = NO_BYTES;
    this.hasBeenServed = true;
    this.isWaiting = true;
    this.lastActiveMs = nowMs;
    const isIdle = this.#filled === 0;
    this.deadlineMs = nowMs + (isIdle ? limits.idleTimeoutMs : limits.headTimeoutMs);
    this.#headEnd = isIdle ? -1 : this.#findHeadEnd(0);
    // The server may have been closed meanwhile, and closes no connection that is busy.
    return this.#keepsAlive && !isClosing;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.deadlineMs = this.#context.nowMs + this.#context.limits.writeTimeoutMs;
      at += await this.#connection.write(bytes.subarray(at, at + PIECE_BYTES));
    }
  }

  /** Where the line break before an empty line begins; -1 if it has not come yet, unless the head is too long already. */
  #findHeadEnd(from: number): number {
    const input = this.#input;
    const end = this.#filled - 3;
    // Looks at every fourth byte: where the last of the four is neither CR nor LF, none of them begins the break.
    for (let at = from; at < end;) {
      const last = input[at + 3];
      if (last === LF) {
        if (input[at] === CR && input[at + 1] === LF && input[at + 2] === CR) return at;
        at += 2;
      } else at += last === CR ? 1 : 4;
    }
    return this.#filled > this.#context.limits.maxHeadBytes ? this.#filled : -1;
  }

  /** Keeps what has come of the next request, as a client may send several at once. */
  #consume(sizeBytes: number): void {
    if (this.#filled > sizeBytes) this.#input.copyWithin(0, sizeBytes, this.#filled);
    this.#filled -= sizeBytes;
  }
}
