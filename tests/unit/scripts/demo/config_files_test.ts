import assert from "node:assert/strict";
import { parse } from "yaml";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import { planSchema } from "../../../../rollout/mod.ts";
import { quorumCount, writeAgentConfig, writePlan } from "../../../../scripts/demo/config_files.ts";

const HOST = { name: "web-1", site: "s1", rack: "r1" };

Deno.test("writeAgentConfig writes a config that the agent takes", () => {
  const config = agentConfigSchema.parse(parse(writeAgentConfig({
    host: HOST,
    zookeeper: "127.0.0.1:2181",
    dataFolder: "/data",
    workFolder: "/fleet",
    ports: { A: 10_001, B: 10_002 },
    mark: "mark",
    releaseBytes: 5 * 2 ** 30,
  })));
  assert.deepEqual(Object.keys(config.services), ["A", "B"]);
  assert.equal(config.onExit, "stop");
  assert.ok((config.services.A?.pin.limit ?? 0) > 5 * 2 ** 30);
  assert.ok(config.services.B?.command.includes("--needs=http://127.0.0.1:10001"));
});

Deno.test("writePlan writes plans that a rollout takes: v1 at once, v2 one host at a time", () => {
  const feedUrl = "http://127.0.0.1:8080/feed.json";
  const plans = (["v1", "v2"] as const).map((version) =>
    planSchema.parse(parse(writePlan({ feedUrl, version, hostsCount: 6 })))
  );
  assert.deepEqual(plans.map(({ services }) => services.A?.policy?.maxUnavailable), [6, 1]);
  assert.deepEqual(plans.map(({ services }) => services.B?.dependsOn), [["A"], ["A"]]);
  assert.deepEqual(plans[1]?.order, ["A", "B"]);
});

Deno.test("quorumCount rounds up", () => {
  assert.deepEqual([2, 3, 4, 6].map(quorumCount), [2, 3, 3, 5]);
});
