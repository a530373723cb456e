/** What the tracker serves besides announces and scrapes: a page for people, JSON and metrics for programs. */

import { TrackerMetrics } from "./metrics.ts";
import type { Statistics, TrackerStats } from "./statistics.ts";
import type { SwarmReport } from "./swarm_report.ts";
import { statsPage } from "./stats_page.ts";

/** The browser loads and runs nothing, whatever a peer calls itself. */
const HTML_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};
const JSON_HEADERS = { "content-type": "application/json" };
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
  // Each text is made once for each time that its statistics are: whoever asks more often costs no more than the sending.
  const page = remembered((stats: TrackerStats) => statsPage(stats, title));
  const json = remembered((value: TrackerStats | SwarmReport) => JSON.stringify(value));
  const metricsText = remembered((stats: TrackerStats) => metrics.render(stats));
  return (request, path) => {
    if (!ALLOWED_METHODS.includes(request.method)) {
      return new Response("expected GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const infoHash = RELEASE_PATH.exec(path)?.[1];
    if (infoHash !== undefined) return releasePage(infoHash);
    switch (path) {
      case "/":
        return new Response(page(statistics.get()), { headers: HTML_HEADERS });
      case "/stats.json":
        return new Response(json(statistics.get()), { headers: JSON_HEADERS });
      case "/metrics":
        return metricsText(statistics.get()).then((text) =>
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
      : new Response(json(report), { headers: JSON_HEADERS });
  }
}

/** The function with its results kept as long as what they were made from. */
function remembered<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    let kept = made.get(key);
    if (kept === undefined) made.set(key, kept = { value: make(key) });
    return kept.value;
  };
}
