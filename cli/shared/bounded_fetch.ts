/**
 * GET requests to servers that are named in the tree or by other servers. Whoever answers is not trusted: only `http` and
 * `https` are spoken, redirects are not followed, and an answer is bounded in time and size.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { fetchDirectly } from "../../base/direct_fetch.ts";

/** Whom to expect, and what an answer is granted. */
export interface FetchBounds {
  /** Who should answer, for messages: `a tracker of Rollcall`. */
  readonly expected: string;
  /** The largest body that is read, in bytes. */
  readonly maxBytes: number;
  /** Milliseconds until the whole body must have been read. */
  readonly timeoutMs: number;
  /** Ends the request early. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer that has been read as a whole. */
export interface BoundedAnswer {
  readonly status: number;
  readonly text: string;
}

/** A server did not answer as it should; the message goes on after the server's name. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/**
 * Gets a URL. The body is read with status 200 and 404 alone, the two with which a server here answers.
 *
 * @throws {AnswerError} for another protocol, a redirect, another status, and a body that is too large; the error of `fetch`
 *   when the server cannot be reached; a `TimeoutError` (`DOMException`) when the time is up.
 */
export async function fetchBounded(
  url: URL,
  { expected, maxBytes, timeoutMs, signal }: FetchBounds,
): Promise<BoundedAnswer> {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new AnswerError(`cannot be asked: expected http or https, was ${url.protocol}`);
  }
  const timeout = AbortSignal.timeout(timeoutMs);
  const response = await fetchDirectly(url, {
    redirect: "manual",
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
  });
  const { status } = response;
  if (status !== 200 && status !== 404) {
    await response.body?.cancel();
    throw new AnswerError(`answers with status ${status}: is it ${expected}?`);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new AnswerError(`answers with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status, text: Buffer.concat(chunks).toString("utf8") };
}

/** Parses JSON; `undefined` for anything else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
