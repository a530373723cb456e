/**
 * The tracker over HTTP, on `Deno.serve`: announces and scrapes are answered in bencode, always with status 200 (BEP 3);
 * all other requests are answered by `pages`.
 */

import {
  type AnnounceQuery,
  MAX_QUERY_LENGTH,
  parseAnnounceQuery,
  parseScrapeQuery,
} from "./announce_parser.ts";
import { encodeAnswer, encodeFailure, encodeScrape } from "./bencode_writer.ts";
import type { Counters, Pages } from "../stats/mod.ts";
import type { Swarms } from "../swarm/mod.ts";

/** What the HTTP frontend needs. */
export interface HttpFrontendOptions {
  readonly swarms: Swarms;
  readonly counters: Counters;
  /** Answers requests that are neither announce nor scrape. */
  readonly pages: Pages;
}

const BENCODED = { headers: { "content-type": "text/plain" } };
const MAPPED_IPV4 = "::ffff:";

/** The handler for `Deno.serve`. */
export function httpFrontend(
  options: HttpFrontendOptions,
): (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response> {
  const { swarms, counters, pages } = options;
  return (request, info) => {
    const { url } = request;
    // The path begins behind "http://" and the host. A URL object would cost more than the announce.
    const pathAt = url.indexOf("/", 8);
    const question = url.indexOf("?", pathAt);
    const path = question < 0 ? url.slice(pathAt) : url.slice(pathAt, question);
    if (path !== "/announce" && path !== "/scrape") return pages(request, path);
    const query = question < 0 ? "" : url.slice(question + 1);
    if (query.length > MAX_QUERY_LENGTH) {
      return failure(`expected a query of at most ${MAX_QUERY_LENGTH} characters`);
    }
    return path === "/announce" ? announce(query, info) : scrape(query);
  };

  function announce(query: string, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Response {
    const parsed = parseAnnounceQuery(query);
    if (typeof parsed === "string") return failure(parsed);
    const answer = swarms.announce(withAddress(parsed, info.remoteAddr.hostname));
    if ("refusal" in answer) return failure(answer.refusal);
    counters.httpAnnounces++;
    const { isCompact, omitsPeerIds, site } = parsed;
    const form = { isCompact, omitsPeerIds, tellsReach: site !== undefined };
    return new Response(encodeAnswer(answer, form), BENCODED);
  }

  function scrape(query: string): Response {
    const hashes = parseScrapeQuery(query);
    if (typeof hashes === "string") return failure(hashes);
    counters.httpScrapes++;
    const entries = new Map(hashes.map((hash) => [hash, swarms.scrape(hash)]));
    return new Response(encodeScrape(entries), BENCODED);
  }

  function failure(reason: string): Response {
    counters.refusals++;
    return new Response(encodeFailure(reason), BENCODED);
  }
}

function withAddress(query: AnnounceQuery, hostname: string) {
  const ip = hostname.startsWith(MAPPED_IPV4) ? hostname.slice(MAPPED_IPV4.length) : hostname;
  return { ...query, ip };
}
