/**
 * Serves the coordinator's page for people: what the tree holds and who is connected. `source.ts` reads the figures
 * from the parts of the server, `page.ts` renders them, and this file answers the requests. The page only shows; it
 * changes nothing.
 *
 * @module
 */

import { Hono } from "hono";
import { pathProblem } from "../../paths.ts";
import type { AdminFacts, NodeView } from "./facts.ts";
import { adminPage } from "./page.ts";
import { type Log, silentLog } from "../../log.ts";
import type { AdminAddress, ServeHttp } from "../options.ts";

/** Where the page gets its data, asked at each request. */
export interface AdminSource {
  /** Returns the figures. */
  facts(): AdminFacts;
  /** Returns one node with its children; undefined if there is none. */
  node(path: string): NodeView | undefined;
  /** Returns the present time, in ms since 1970. */
  wallTimeMs(): number;
}

/** A page that is being served. */
export interface AdminServer {
  /** URL of the page. */
  readonly url: string;
  /** Stops serving. */
  close(): Promise<void>;
}

/** Headers with which a browser loads nothing from elsewhere, runs no script, and shows the page in no frame. */
const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Returns the page and its figures as an application without a socket. `loopbackOnly`: requests for other host names are refused. */
export function adminApp(source: AdminSource, options: { loopbackOnly: boolean }): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    // A foreign site could give its own name this machine's address, and then read the answers (DNS rebinding).
    if (options.loopbackOnly && !isLoopback(new URL(context.req.url).hostname)) {
      return context.text("Ask for this page as localhost.\n", 403);
    }
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    return undefined;
  });
  app.get("/", (context) => {
    const path = context.req.query("path") ?? "/";
    const node = pathProblem(path) === undefined ? source.node(path) : undefined;
    const html = adminPage(source.facts(), {
      path,
      node,
      live: context.req.query("live") !== "no",
      nowMs: source.wallTimeMs(),
    });
    return context.html(html, node === undefined ? 404 : 200);
  });
  app.get("/facts.json", (context) => context.json(source.facts()));
  return app;
}

/** Serves the page until `close`. */
export function serveAdmin(
  source: AdminSource,
  address: AdminAddress,
  log: Pick<Log, "error"> = silentLog,
): AdminServer {
  const { hostname: wanted = "127.0.0.1", port: wantedPort = 0, serve } = address;
  const app = adminApp(source, { loopbackOnly: isLoopback(wanted) });
  const where = { hostname: wanted, port: wantedPort };
  const server = serve?.(where, app.fetch) ?? serveWithDeno(where, app.fetch, log);
  const { hostname, port } = server;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`,
    close: () => server.close(),
  };
}

function serveWithDeno(
  address: Parameters<ServeHttp>[0],
  handler: Parameters<ServeHttp>[1],
  log: Pick<Log, "error">,
): ReturnType<ServeHttp> {
  const server = Deno.serve({ ...address, onListen() {} }, handler);
  // It ends for good when the process has no file descriptors left, which must not end the coordinator.
  server.finished.catch((error: unknown) =>
    log.error("the page is not served any more", { error })
  );
  const { hostname, port } = server.addr;
  return { hostname, port, close: () => server.shutdown() };
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(hostname);
}
