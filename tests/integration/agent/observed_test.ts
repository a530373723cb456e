/**
 * What can be read of an agent afterwards: the flight record of a crash, and the spans of its messages.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { FlightFile } from "../../../actors/observer/flight_file.ts";
import { AgentProcess } from "./harness/agent_process.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("agent: one that restarts do not mend leaves a record of what its actors did last", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    const dataDir = `${fleet.folder}/web-2`;
    const configPath = `${fleet.folder}/web-2.yaml`;
    const logPath = `${fleet.folder}/web-2.log`;
    const config = parse(await Deno.readTextFile(`${fleet.folder}/web-1.yaml`));
    const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = probe.addr;
    probe.close();
    const listen = `127.0.0.1:${port}`;
    await Deno.writeTextFile(configPath, stringify({ ...config, host: "web-2", dataDir, listen }));
    // Free when the agent looks, and taken when its endpoint listens.
    const preload = {
      module: fileURLToPath(new URL("./harness/taken_port_preload.ts", import.meta.url)),
      env: { ROLLCALL_TEST_TAKEN_PORT: String(port) },
    };
    const agent = new AgentProcess({ configPath, logPath, mark: "crash", preload });
    assert.equal((await agent.untilEnded()).code, 1);

    const records = [...Deno.readDirSync(`${dataDir}/.flight-records`)];
    assert.equal(records.length, 1, agent.log);
    const path = `${dataDir}/.flight-records/${records[0]?.name}`;
    assert.ok(agent.log.includes(`what the actors did last is in ${path}`), agent.log);
    const file: FlightFile = JSON.parse(await Deno.readTextFile(path));
    assert.equal(file.host, "web-2");
    assert.match(file.reason, /^restart \/agent\/endpoint: .*; because: .*[Aa]ddress/);
    const failures = file.events.filter(({ type }) => type === "failed");
    // The failures of the endpoint in each of its five restarts, and of the supervisor that then gave up.
    assert.deepEqual(
      failures.map((event) => event.path),
      [...Array(6).fill("/agent/endpoint"), "/agent"],
    );
    assert.equal(
      file.events.filter(({ type, path }) => type === "restarted" && path === "/agent/endpoint")
        .length,
      5,
    );
  });
});

interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly links: readonly { readonly spanId: string }[];
}

interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: unknown };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly ExportedSpan[];
    }[];
  }[];
}

/** Receives what OpenTelemetry exports over HTTP, as a collector does. */
function startCollector(): { url: string; spans: ExportedSpan[]; close: () => Promise<void> } {
  const spans: ExportedSpan[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const text = await request.text();
      if (new URL(request.url).pathname === "/v1/traces") {
        const { resourceSpans }: ExportedTraces = JSON.parse(text);
        for (const { scope, spans: some } of resourceSpans.flatMap((one) => one.scopeSpans)) {
          if (scope.name === "rollcall.actors") spans.push(...some);
        }
      }
      return Response.json({});
    },
  );
  return { url: `http://127.0.0.1:${server.addr.port}`, spans, close: () => server.shutdown() };
}

Deno.test("agent: with OTEL_DENO the flow of its messages arrives at a collector as spans", async () => {
  const collector = startCollector();
  const wrapper = [
    ...["env", "OTEL_DENO=true", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json"],
    ...[`OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}`, "OTEL_BSP_SCHEDULE_DELAY=200"],
    "OTEL_DENO_CONSOLE=ignore",
  ];
  try {
    await TestFleet.run({ hosts: ["web-1"], wrapper }, async (fleet) => {
      await fleet.install("v1");
      const { spans } = collector;
      await fleet.until("spans arrived", () => spans.some(({ name }) => name === "runner start"));
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      const named = (kind: string, pairs: (span: ExportedSpan) => readonly string[]) =>
        spans.flatMap((span) =>
          pairs(span).map((id) => `${byId.get(id)?.name} ${kind} ${span.name}`)
        );
      const parents = named("tells", ({ parentSpanId }) => [parentSpanId]);
      const links = named("causes", (span) => span.links.map(({ spanId }) => spanId));
      // The second was told while the first was handled; the third came later, from a task that the first had started.
      assert.ok(parents.includes("fetcher phase tells upgrade_coordinator fetch_progress"));
      assert.ok(links.includes("fetcher prepare causes fetcher prepared"));
    });
  } finally {
    await collector.close();
  }
});
