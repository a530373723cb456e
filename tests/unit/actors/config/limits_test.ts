/** Tests of the agent's config: the bandwidth limits. */

import assert from "node:assert/strict";
import { z } from "zod";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";

function parse(limits: unknown, engine?: string) {
  return agentConfigSchema.safeParse({
    host: "web-1",
    site: "ams",
    rack: "r1",
    zookeeper: "127.0.0.1:2181",
    dataDir: "data",
    services: { search: { command: ["/bin/true"] } },
    ...(limits === undefined ? {} : { limits }),
    ...(engine === undefined ? {} : { engine }),
  });
}

function problemOf(limits: unknown): string {
  const parsed = parse(limits);
  assert.ok(!parsed.success, "expected a refusal");
  return z.prettifyError(parsed.error);
}

Deno.test("agent config: limits are off unless they are set", () => {
  assert.deepEqual(parse(undefined).data?.limits, { schedule: [] });
});

Deno.test("agent config: limits in human sizes and local times", () => {
  const { data } = parse({
    up: { total: "400M", remote: 1_048_576 },
    down: { site: "64K" },
    schedule: [
      { from: "22:00", to: "06:30", days: ["fri", "sun"], up: { remote: "unlimited" } },
      { from: "00:00", to: "24:00", down: { total: "1G" } },
    ],
  });
  assert.deepEqual(data?.limits, {
    up: { total: 400 * 1024 ** 2, remote: 1024 ** 2 },
    down: { site: 64 * 1024 },
    schedule: [
      { from: 22 * 60, to: 6 * 60 + 30, days: [5, 0], up: { remote: Infinity } },
      { from: 0, to: 24 * 60, down: { total: 1024 ** 3 } },
    ],
  });
});

Deno.test("agent config: a limit that cannot be meant is refused with what was expected", () => {
  assert.match(problemOf({ up: { total: "15K" } }), /at least 16K, or unlimited/);
  assert.match(problemOf({ up: { total: 0 } }), /at least 16K, or unlimited/);
  assert.match(
    problemOf({ up: { total: "fast" } }),
    /expected bytes per second such as 50M.*was "fast"/,
  );
  assert.match(problemOf({ up: { racks: "1M" } }), /racks/);
  assert.match(problemOf({ schedule: [{ from: "25:00", to: "06:00" }] }), /time of day/);
  assert.match(problemOf({ schedule: [{ from: "24:01", to: "06:00" }] }), /time of day/);
  assert.match(problemOf({ schedule: [{ from: "6:00", to: "07:00" }] }), /time of day/);
  assert.match(problemOf({ schedule: [{ from: "06:00", to: "06:00" }] }), /two different times/);
  assert.match(
    problemOf({ schedule: [{ from: "06:00", to: "07:00", days: ["friday"] }] }),
    /expected one of/,
  );
});

Deno.test("agent config: an engine that cannot keep limits is refused with them, and only then", () => {
  assert.equal(parse({ up: { total: "1M" } }).data?.engine, "swarm");
  assert.equal(parse({ up: { total: "unlimited" } }, "webtorrent").success, true);
  assert.equal(parse(undefined, "webtorrent").data?.engine, "webtorrent");
  const refused = parse(
    { schedule: [{ from: "06:00", to: "07:00", up: { site: "1M" } }] },
    "webtorrent",
  );
  assert.match(z.prettifyError(refused.error!), /cannot keep them: use swarm\n.*limits/);
});
