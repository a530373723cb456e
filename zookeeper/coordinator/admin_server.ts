// The coordinator's page for people: what it holds and who is connected. It only shows; nothing can be
// changed by it. It listens on the coordinator's own host.
import { Hono } from "hono";
import { pathProblem } from "../paths.ts";
import { type AdminFacts, adminPage, type NodeView } from "./admin_page.ts";

/** What the page is made of, asked for at each view. */
export interface AdminSource {
  /** The figures. */
  facts(): AdminFacts;
  /** One node with its children; undefined if there is none. */
  node(path: string): NodeView | undefined;
}

/** A page that is being served. */
export interface AdminServer {
  /** Where to look. */
  readonly url: string;
  /** Stops serving. */
  close(): Promise<void>;
}

/** Nothing from elsewhere is loaded, nothing runs, nobody frames it. */
const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** The page and its figures as an application, without a socket. */
export function adminApp(source: AdminSource): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
  });
  app.get("/", (context) => {
    const path = context.req.query("path") ?? "/";
    const node = pathProblem(path) === undefined ? source.node(path) : undefined;
    return context.html(adminPage(source.facts(), { path, node }), node === undefined ? 404 : 200);
  });
  app.get("/facts.json", (context) => context.json(source.facts()));
  return app;
}

/** Serves it until it is closed. Port 0: any free one. */
export function serveAdmin(
  source: AdminSource,
  options: { hostname: string; port: number },
): AdminServer {
  const server = Deno.serve({ ...options, onListen() {} }, adminApp(source).fetch);
  const { hostname, port } = server.addr;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`,
    close: () => server.shutdown(),
  };
}
