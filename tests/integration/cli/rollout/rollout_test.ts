import assert from "node:assert/strict";
import { readFleet } from "../../../../coordination/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { rollcall, type Servers, startServers } from "../rollcall_process.ts";
import { enlist } from "../rosters.ts";

async function writePlan(servers: Servers, text: string): Promise<string> {
  const path = `${servers.folder}/plan.yaml`;
  await Deno.writeTextFile(path, `feed: ${servers.feedUrl}\n${text}`);
  return path;
}

Deno.test("rollcall rollout: a plan with mistakes is refused with all of them, and nothing is written", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1", "web-2"]);
  const plan = await writePlan(
    servers,
    [
      "services:",
      "  A: { version: v9, policy: { quorum: 5 } }",
      "  B: { version: v2, dependsOn: [A] }",
      "  C: { version: v1 }",
      "order: [B, A, C]",
    ].join("\n"),
  );
  const { status, stderr } = await rollcall("rollout", plan, "--zookeeper", servers.zookeeper);
  assert.equal(status, 2);
  assert.match(stderr, /nothing was written/);
  assert.match(stderr, /version v9 is not in the feed .* \(there: v2, v1\)/);
  assert.match(stderr, /quorum of 5 can never be met, the wave has 2 hosts/);
  assert.match(stderr, /"B" comes before "A", but depends on it/);
  assert.match(stderr, /service "C": no host has it in its config/);

  const cycle = await writePlan(
    servers,
    "services:\n  A: { version: v2, dependsOn: [B] }\n  B: { version: v2, dependsOn: [A] }\n",
  );
  const refused = await rollcall("rollout", cycle, "--zookeeper", servers.zookeeper);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /in a circle: A -> B -> A/);

  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const fleet = await readFleet(zookeeper);
  assert.deepEqual([fleet.queue, fleet.rollout, fleet.services["A"]?.offer], [[], null, null]);
});

Deno.test("rollcall rollout: a version that the fleet knows with other content is refused, with both info hashes", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const { data } = await zookeeper.get("/dc/services/A");
  const committed = {
    service: "A",
    version: "v2",
    infoHash: "0123456789".repeat(4),
    sizeBytes: 1,
    torrentUrl: null,
  };
  const entry = { ...JSON.parse(new TextDecoder().decode(data)), committed };
  await zookeeper.set("/dc/services/A", JSON.stringify(entry));
  const plan = await writePlan(servers, "services:\n  A: { version: v2 }\n");
  for (const how of [["plan", plan], [plan, "--detach"]]) {
    const refused = await rollcall("rollout", ...how, "--zookeeper", servers.zookeeper);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /nothing was written/);
    assert.match(
      refused.stderr,
      /service "A": v2 is (0123456789){4} \(committed\), and [0-9a-f]{40} is wanted under the same version; publish/,
    );
  }
  const fleet = await readFleet(zookeeper);
  assert.deepEqual([fleet.queue, fleet.rollout], [[], null]);
});

Deno.test("rollcall rollout: plan writes nothing, start is one at a time, pause, resume and abort say what they did", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  const plan = await writePlan(
    servers,
    "services:\n  A: { version: v2 }\n  B: { version: v2, dependsOn: [A] }\n",
  );
  const zookeeper = ["--zookeeper", servers.zookeeper];

  const shown = await rollcall("rollout", "plan", plan, ...zookeeper);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^1\. A v2: 0 hosts to switch\n {3}offline, will catch up: web-1\n/);
  assert.match(shown.stdout, /! its only host web-1 is offline: the wave waits for it/);
  const forecast = JSON.parse(
    (await rollcall("rollout", "plan", plan, "--json", ...zookeeper)).stdout,
  );
  assert.match(shown.stdout, new RegExp(`--plan-version ${forecast.planVersion}\n$`));
  assert.deepEqual(forecast.waves.map(({ offline }: { offline: string[] }) => offline), [
    ["web-1"],
    ["web-1"],
  ]);
  const outdated = await rollcall(
    ...["rollout", plan, "--detach", "--plan-version", "0123456789ab", ...zookeeper],
  );
  assert.equal(outdated.status, 1);
  assert.match(
    outdated.stderr,
    /expected the plan's version 0123456789ab, was .*nothing was written/,
  );
  const started = await rollcall(
    ...["rollout", plan, "--detach", "--plan-version", forecast.planVersion, ...zookeeper],
  );
  assert.equal(started.status, 0, started.stderr);
  assert.match(started.stdout, /^Rollout \d{8}-\d{6}\.\d{3}-[0-9a-z]{4}: A v2, then B v2\n$/);
  const second = await rollcall("rollout", plan, "--detach", ...zookeeper);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /is under way with 2 waves to go; watch it .* or abort it/);
  await using client = new ZooKeeper(servers.zookeeper);
  const [offered] = (await readFleet(client)).services["A"]?.releases ?? [];
  assert.deepEqual([offered?.version, offered?.trackers], ["v2", ["http://127.0.0.1:1/announce"]]);

  assert.equal((await rollcall("rollout", "pause", "--reason", "lunch", ...zookeeper)).status, 0);
  const status = await rollcall("status", ...zookeeper);
  assert.match(status.stdout, /PAUSED by .*: lunch/);
  assert.match(status.stdout, /▶ A v2 +· B v2/);
  assert.match(status.stdout, /web-1 +s1\/r1 +- +offline/);
  assert.match((await rollcall("rollout", "resume", ...zookeeper)).stdout, /it was paused/);
  assert.match((await rollcall("rollout", "abort", ...zookeeper)).stdout, /^Aborted /);
  const json = JSON.parse((await rollcall("status", "--json", ...zookeeper)).stdout);
  assert.deepEqual([json.rollout.state, json.queue, json.control.state], [
    "aborted",
    [],
    "running",
  ]);
  const none = await rollcall("rollout", "abort", ...zookeeper);
  assert.deepEqual([none.status, none.stderr], [1, "rollcall: abort rollout: none is under way\n"]);
});
