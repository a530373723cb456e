/**
 * The agent's HTTP endpoint: `/status` for people, `/actors` for `rollcall actors`, `/healthz` for whoever monitors the
 * agent, `/metrics` for Prometheus, `/logs/SERVICE` for `rollcall logs` where the config allows it, `/room/SERVICE` for
 * `rollcall rollout plan`. It is read-only: requests come in, the registrar is asked for the host's entries and the actor system
 * for its tree, and the answers go out.
 *
 * @module
 */

import { Hono } from "hono";
import {
  isLogPlace,
  isVersionName,
  LOG_LINES_MAX,
  readLogAfter,
  readLogEnd,
  type RemovedService,
} from "../../host/mod.ts";
import { answerOnlyTo, fetchHandler, HostNames, HttpServer } from "../../http/mod.ts";
import type { RegistrarMessage, ServiceEntry } from "../registrar/messages.ts";
import {
  type ActorDefinition,
  type ActorRef,
  type ActorSnapshot,
  ask,
  type Clock,
} from "../runtime/mod.ts";
import { AgentMetrics } from "./metrics.ts";

/** A release for which there should be room. */
export interface RoomQuestion {
  readonly service: string;
  readonly version: string;
  readonly sizeBytes: number;
}

/** Whether there is room for it beside what the host has, or why there is none. */
export type RoomAnswer = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What the endpoint works with. */
export interface EndpointOptions {
  readonly listen: { readonly hostname: string; readonly port: number };
  /** Further names that it answers to; see `HostNames` for those that need not be given. Default: none. */
  readonly hostNames?: readonly string[];
  readonly registrar: ActorRef<RegistrarMessage>;
  /** Finds what runs of services that the config does not have. Default: nothing is looked for. */
  readonly removed?: (() => readonly RemovedService[]) | undefined;
  /** Takes a snapshot of the agent's actors. */
  readonly actors: () => readonly ActorSnapshot[];
  /** TCP port at which the observer of the actors is exported. */
  readonly actorsPort: number;
  /** The logs that it shows, by service. Default: it shows none. */
  readonly logs?: ReadonlyMap<string, string> | undefined;
  /** Says whether the host has room for a release; `null`: it has no such service. Default: it has none. */
  readonly room?:
    | ((question: RoomQuestion, clock: Clock) => Promise<RoomAnswer | null>)
    | undefined;
  /** Called with the URL once the endpoint listens. */
  readonly onListening: (url: string) => void;
}

/** What the endpoint takes. */
export interface EndpointMessage {
  /** Time to tell the registrar where the endpoint listens. */
  readonly type: "announce_due";
}

interface State {
  readonly server: HttpServer;
}

/**
 * Time between two announcements of the URL to the registrar, which has forgotten it after a restart. The registrar writes
 * nothing while the URL is the same.
 */
const ANNOUNCE_INTERVAL_MS = 10_000;

/** Lines of a log, where a request does not say how many. */
const DEFAULT_LINES = 100;

/** How long the registrar may take to answer. It only reads its memory; if it takes longer, it is stuck. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Makes the endpoint actor. */
export function endpointActor(options: EndpointOptions): ActorDefinition<State, EndpointMessage> {
  return {
    name: "endpoint",
    init(context) {
      const app = routes(options, context.clock);
      const names = new HostNames([options.listen.hostname, ...options.hostNames ?? []]);
      const server = HttpServer.listen({
        name: "endpoint",
        ...options.listen,
        handler: answerOnlyTo(names, "add it to hostNames in the config", fetchHandler(app.fetch)),
        log: context.log,
        clock: context.clock,
      });
      const url = urlOf(server);
      context.log.info("listens on {url}", { url });
      context.self.tell({ type: "announce_due" });
      options.onListening(url);
      context.timers.every("announce", ANNOUNCE_INTERVAL_MS, { type: "announce_due" });
      return { server };
    },
    receive(state) {
      options.registrar.tell({ type: "endpoint", url: urlOf(state.server) });
      return state;
    },
    async onStop(state) {
      await state.server.close();
    },
    summarize({ server }) {
      return urlOf(server);
    },
  };
}

function routes(
  { registrar, actors, actorsPort, logs, room, removed = () => [] }: EndpointOptions,
  clock: Clock,
): Hono {
  const metrics = new AgentMetrics();
  const app = new Hono();
  async function readEntries(): Promise<readonly ServiceEntry[]> {
    return await ask<RegistrarMessage, readonly ServiceEntry[]>(
      registrar,
      (replyTo) => ({ type: "list", replyTo }),
      { timeoutMs: ANSWER_TIMEOUT_MS, clock },
    );
  }
  app.get("/healthz", async (c) => {
    try {
      await readEntries();
      return c.text("ok\n");
    } catch {
      return c.text("the agent does not answer\n", 503);
    }
  });
  app.get(
    "/status",
    async (c) => c.json({ services: await readEntries(), removed: removed(), actors: actors() }),
  );
  app.get("/metrics", async (c) => {
    const text = await metrics.render(await readEntries(), actors());
    return c.text(text, 200, { "content-type": metrics.contentType });
  });
  // A client that has reached this endpoint by a host name reaches the other port by the same name.
  app.get("/actors", (c) => c.json({ url: `tcp://${new URL(c.req.url).hostname}:${actorsPort}` }));
  app.get("/logs/:service", (c) => {
    if (logs === undefined) {
      return c.text("shows no logs; with serveLogs: true in its config it does\n", 404);
    }
    const service = c.req.param("service");
    const path = logs.get(service);
    if (path === undefined) {
      return c.text(`has no service ${service}, but ${[...logs.keys()].join(", ")}\n`, 404);
    }
    const after = c.req.query("after");
    if (after !== undefined && isLogPlace(after)) return c.json(readLogAfter(path, after));
    const lines = Math.min(LOG_LINES_MAX, Number(c.req.query("lines") ?? DEFAULT_LINES) || 0);
    return c.json(readLogEnd(path, Math.max(0, Math.trunc(lines))));
  });
  app.get("/room/:service", async (c) => {
    const service = c.req.param("service");
    const version = c.req.query("version") ?? "";
    const sizeBytes = Number(c.req.query("bytes") ?? NaN);
    if (!isVersionName(version) || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      return c.text("expected /room/SERVICE?version=VERSION&bytes=SIZE\n", 404);
    }
    const answer = await room?.({ service, version, sizeBytes }, clock) ?? null;
    return answer === null ? c.text(`has no service ${service}\n`, 404) : c.json(answer);
  });
  app.notFound((c) =>
    c.text(
      "not found; there are /status, /actors, /healthz, /logs/SERVICE, /room/SERVICE and /metrics\n",
      404,
    )
  );
  return app;
}

function urlOf({ hostname, port }: { readonly hostname: string; readonly port: number }): string {
  return `http://${formatHost(hostname)}:${port}`;
}

function formatHost(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return Deno.hostname();
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
