/** What the tracker serves besides announces and scrapes: a page for people, JSON and metrics for programs. */

import { TrackerMetrics } from "./metrics.ts";
import type { Statistics } from "./statistics.ts";
import { statsPage } from "./stats_page.ts";

/** The browser loads and runs nothing, whatever a peer calls itself. */
const HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};
/** The report on one release, for programs that want no other. */
const RELEASE_PATH = /^\/stats\/([0-9a-f]{40})\.json$/;
const ALLOWED_METHODS = ["GET", "HEAD"];

/** Answers every request that is neither announce nor scrape. */
export type Pages = (
  request: Pick<Request, "method">,
  path: string,
) => Response | Promise<Response>;

/** The pages of a tracker; `title` is its name. */
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

  /** In JSON also where there is nothing to report, to tell that from a path that is not served. */
  function releasePage(infoHash: string): Response {
    const report = statistics.find(infoHash);
    return report === undefined
      ? Response.json({ infoHash, problem: "no peer of that release" }, { status: 404 })
      : Response.json(report);
  }
}
