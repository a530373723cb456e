/**
 * Runs a handler of web-standard requests, as Hono's applications are, on the HTTP server.
 *
 * @module
 */

import { headersOf } from "./request.ts";
import { headerLines, type HttpHandler, type HttpResponse, textResponse } from "./response.ts";

/** A handler of web-standard requests. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** Makes a handler for the HTTP server. The body of each response is read as a whole before it is sent. */
export function fetchHandler(handler: FetchHandler): HttpHandler {
  return async (incoming): Promise<HttpResponse> => {
    const { method, target, host } = incoming;
    let request: Request;
    try {
      request = new Request(`http://${host || "localhost"}${target}`, {
        method,
        headers: headersOf(incoming),
      });
    } catch {
      // Such as CONNECT, which is for proxies.
      return textResponse(400, "expected a request such as: GET / HTTP/1.1\n");
    }
    return await readResponse(await handler(request));
  };
}

/** Reads a web-standard response as a whole. */
export async function readResponse(response: Response): Promise<HttpResponse> {
  const { status, headers, body } = response;
  const bytes = body === null ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
  return { status, headers: headerLines(headers), body: bytes };
}
