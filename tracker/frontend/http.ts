/**
 * The tracker over HTTP: announces and scrapes are answered in bencode, always with status 200 (BEP 3); all other requests
 * are answered by `pages`.
 */

import {
  headerLines,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
} from "../../http/mod.ts";
import { MAX_QUERY_LENGTH, parseAnnounceQuery, parseScrapeQuery } from "./announce_parser.ts";
import { encodeAnswer, encodeFailure, encodeScrape } from "./bencode_writer.ts";
import type { Counters } from "../stats/mod.ts";
import type { Swarms } from "../swarm/mod.ts";

/** What the HTTP frontend needs. */
export interface HttpFrontendOptions {
  readonly swarms: Swarms;
  readonly counters: Counters;
  /** Answers requests that are neither announce nor scrape. */
  readonly pages: HttpHandler;
}

const BENCODED = headerLines([["content-type", "text/plain"]]);

/** The handler for the HTTP server. */
export function httpFrontend({ swarms, counters, pages }: HttpFrontendOptions): HttpHandler {
  return (request) => {
    const { target } = request;
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    if (path !== "/announce" && path !== "/scrape") return pages(request);
    const query = question < 0 ? "" : target.slice(question + 1);
    if (query.length > MAX_QUERY_LENGTH) {
      return failure(`expected a query of at most ${MAX_QUERY_LENGTH} characters`);
    }
    return path === "/announce" ? announce(query, request) : scrape(query);
  };

  function announce(query: string, { remoteAddress, localAddress }: HttpRequest): HttpResponse {
    const parsed = parseAnnounceQuery(query);
    if (typeof parsed === "string") return failure(parsed);
    const answer = swarms.announce({ ...parsed, ip: remoteAddress, reachedAt: localAddress });
    if ("refusal" in answer) return failure(answer.refusal);
    counters.httpAnnounces++;
    const { isCompact, omitsPeerIds, site } = parsed;
    const form = { isCompact, omitsPeerIds, tellsReach: site !== undefined };
    return bencoded(encodeAnswer(answer, form));
  }

  function scrape(query: string): HttpResponse {
    const hashes = parseScrapeQuery(query);
    if (typeof hashes === "string") return failure(hashes);
    counters.httpScrapes++;
    const entries = new Map(hashes.map((hash) => [hash, swarms.scrape(hash)]));
    return bencoded(encodeScrape(entries));
  }

  function failure(reason: string): HttpResponse {
    counters.refusals++;
    return bencoded(encodeFailure(reason));
  }
}

function bencoded(body: Uint8Array): HttpResponse {
  return { status: 200, headers: BENCODED, body };
}
