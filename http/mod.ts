/**
 * The one HTTP server of the tracker, the feed, the agent's endpoint and the coordinator's page. A connection comes in at
 * server.ts, which bounds how many there are; connection.ts reads requests from it, each of which request.ts parses, passes
 * them to the handler, and writes the handler's response. Requests have no bodies, since nothing here takes any.
 *
 * `Deno.serve` is not used because it cannot be bounded, and ends for good when the process has no descriptors left; see
 * docs/decisions/023.
 */

export { type FetchHandler, fetchHandler, readResponse } from "./fetch_handler.ts";
export { answerOnlyTo, HostNames } from "./host_names.ts";
export { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
export { headerOf, headersOf, type HttpRequest } from "./request.ts";
export {
  type HeaderLines,
  headerLines,
  type HttpHandler,
  type HttpResponse,
  textResponse,
} from "./response.ts";
export { HttpServer, type HttpServerOptions } from "./server.ts";
