/** What the tracker shows besides announces: a page for people, JSON and metrics for programs. */

import { TrackerMetrics } from "./metrics.ts";
import type { Statistics } from "./statistics.ts";
import { statsPage } from "./stats_page.ts";

/** Nothing of another origin is loaded or run, whatever a peer calls itself. */
const HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};
/** One release: what programs ask that want no other. */
const RELEASE_PATH = /^\/stats\/([0-9a-f]{40})\.json$/;
const ALLOWED_METHODS = ["GET", "HEAD"];

/** The handler of everything that is neither announce nor scrape. */
export type Pages = (
  request: Pick<Request, "method">,
  path: string,
) => Response | Promise<Response>;

/** Makes that handler. */
export function pages(statistics: Statistics, title: string): Pages {
  const metrics = new TrackerMetrics();
  return (request, path) => {
    if (!ALLOWED_METHODS.includes(request.method)) {
      return new Response("expected GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const infoHash = RELEASE_PATH.exec(path)?.[1];
    if (infoHash !== undefined) return releasePage(infoHash);
    switch (path) {
      case "/":
        return new Response(statsPage(statistics.get(), title), { headers: HTML_HEADERS });
      case "/stats.json":
        return Response.json(statistics.get());
      case "/metrics":
        return metrics.render(statistics.get()).then((text) =>
          new Response(text, { headers: { "content-type": metrics.contentType } })
        );
      case "/healthz":
        return new Response("ok\n");
      default:
        return new Response(
          "not found: there are /, /stats.json, /stats/INFO_HASH.json, /metrics, /healthz, /announce and /scrape\n",
          { status: 404 },
        );
    }
  };

  /** In JSON as well where there is nothing to report, which tells it from a path that nobody serves. */
  function releasePage(infoHash: string): Response {
    const report = statistics.find(infoHash);
    return report === undefined
      ? Response.json({ infoHash, problem: "no peer of that release" }, { status: 404 })
      : Response.json(report);
  }
}
