/**
 * Responses, and their bytes on the wire. Bodies are whole: every response says its length.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";
import type { HttpRequest } from "./request.ts";

/** Header lines as they are sent, each ending in CRLF; made by {@link headerLines} alone, which checks them. */
export type HeaderLines = string & { readonly __brand: "HeaderLines" };

/** A response. */
export interface HttpResponse {
  readonly status: number;
  /** The headers but `content-length`, `date` and `connection`, which the server adds. */
  readonly headers: HeaderLines;
  /**
   * Copied as soon as the handler has returned it, if it has at most 16 KiB and was not promised; then its buffer may be used
   * for the next response. Others must stay as they are until they are sent.
   */
  readonly body: Uint8Array;
}

/** Answers a request. What it throws or rejects with becomes a response with status 500. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

const NAME = /^[a-z0-9-]+$/;
/** Visible ASCII, spaces and tabs: nothing that ends a line. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** Headers of a single connection, which are the server's affair. */
const OWN_NAMES: readonly string[] = [
  "content-length",
  "date",
  "connection",
  "keep-alive",
  "transfer-encoding",
];
const encoder = new TextEncoder();

/** Formats headers. @throws {TypeError} for a name or a value that cannot be sent. */
export function headerLines(headers: Iterable<readonly [string, string]>): HeaderLines {
  let lines = "";
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (OWN_NAMES.includes(lower)) continue;
    if (!NAME.test(lower) || !VALUE.test(value)) {
      throw new TypeError(`header ${JSON.stringify(name)}: expected ASCII text in one line`);
    }
    lines += `${lower}: ${value}\r\n`;
  }
  return lines as HeaderLines;
}

const PLAIN = headerLines([["content-type", "text/plain; charset=utf-8"]]);
const PLAIN_ALLOWING = headerLines([
  ["content-type", "text/plain; charset=utf-8"],
  ["allow", "GET, HEAD"],
]);

/** A response of plain text; with status 405 it names the methods that are allowed. */
export function textResponse(status: number, text: string): HttpResponse {
  const headers = status === 405 ? PLAIN_ALLOWING : PLAIN;
  return { status, headers, body: encoder.encode(text) };
}

/** How a response is sent on one connection. */
export interface ResponseForm {
  /** For the `date` header, as RFC 9110 formats it. */
  readonly date: string;
  /** Whether the connection stays open. */
  readonly keepsAlive: boolean;
}

/** Bytes that are the same for many responses, as those of all announces within a second. */
let start = { status: 0, headers: "" as string, bytes: new Uint8Array() };
let end = { date: "", keepsAlive: false, bytes: new Uint8Array() };

/** A head without its headers is shorter than this. */
export const MAX_FRAME_BYTES = 256;
const ZERO = 0x30;

/**
 * Writes the head of a response into a buffer, which has room for the headers and {@link MAX_FRAME_BYTES}.
 *
 * @returns how many bytes were written.
 */
export function writeHead(
  { status, headers, body }: HttpResponse,
  { date, keepsAlive }: ResponseForm,
  target: Uint8Array,
): number {
  if (status !== start.status || headers !== start.headers) {
    start = { status, headers, bytes: encoder.encode(formatStart(status, headers)) };
  }
  if (date !== end.date || keepsAlive !== end.keepsAlive) {
    const connection = keepsAlive ? "" : "connection: close\r\n";
    end = { date, keepsAlive, bytes: encoder.encode(`date: ${date}\r\n${connection}\r\n`) };
  }
  target.set(start.bytes);
  let at = start.bytes.length;
  if (hasLength(status)) at = writeLength(body.length, target, at);
  target.set(end.bytes, at);
  return at + end.bytes.length;
}

/** The number and the end of its line. */
function writeLength(sizeBytes: number, target: Uint8Array, from: number): number {
  let at = from + 1;
  for (let rest = sizeBytes; rest >= 10; rest = Math.floor(rest / 10)) at++;
  let digitAt = at;
  for (let rest = sizeBytes; digitAt > from; rest = Math.floor(rest / 10)) {
    target[--digitAt] = ZERO + rest % 10;
  }
  target[at] = 13;
  target[at + 1] = 10;
  return at + 2;
}

function formatStart(status: number, headers: string): string {
  const length = hasLength(status) ? "content-length: " : "";
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${headers}${length}`;
}

/** A response without content, and one that says that nothing has changed, have no length (RFC 9110). */
function hasLength(status: number): boolean {
  return status !== 204 && status !== 304;
}
