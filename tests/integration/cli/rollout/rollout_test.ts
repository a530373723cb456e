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
  assert.match(
    shown.stdout,
    /! its only host web-1 is offline: the wave waits, and the rollout halts after 15m/,
  );
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
  const resumed = await rollcall("rollout", "resume", ...zookeeper);
  assert.match(
    resumed.stdout,
    /^Control: paused -> running, by .*\nLifted: the pause by .*: lunch\n$/,
  );
  const late = await rollcall("rollout", "watch", "--timeout", "10ms", ...zookeeper);
  assert.deepEqual([late.status, late.stderr], [
    3,
    `rollcall: rollout ${
      started.stdout.split(/[ :]/)[1]
    }: not over within 10ms; it goes on without this terminal; ` +
    "see it again: rollcall rollout watch\n",
  ]);
  assert.match((await rollcall("rollout", "abort", ...zookeeper)).stdout, /^Aborted /);
  const watched = await rollcall("rollout", "watch", ...zookeeper);
  assert.deepEqual([watched.status, /: aborted\n$/.test(watched.stderr)], [1, true]);
  const json = JSON.parse((await rollcall("status", "--json", ...zookeeper)).stdout);
  assert.deepEqual([json.rollout.state, json.queue, json.control.state], [
    "aborted",
    [],
    "running",
  ]);
  const list = await rollcall("rollout", "history", ...zookeeper);
  const id = json.rollout.id;
  assert.match(list.stdout, new RegExp(`^${id} {2}aborted after .* by .*\n  · A nothing → v2 `));
  const told = await rollcall("rollout", "history", id, ...zookeeper);
  assert.match(told.stdout, / {2}pause by .*\n +lunch\n.* {2}resume by .*\n.* {2}abort by /);
  const unknown = await rollcall("rollout", "history", "yesterday", ...zookeeper);
  assert.deepEqual([unknown.status, unknown.stderr], [
    1,
    "rollcall: rollout history: there is no record of yesterday; those that there are: " +
    "rollcall rollout history\n",
  ]);
  const none = await rollcall("rollout", "abort", ...zookeeper);
  assert.deepEqual([none.status, none.stderr], [1, "rollcall: abort rollout: none is under way\n"]);
});

Deno.test("rollcall rollout pause, resume, abort: a halt and a pause stand side by side, and what cannot be done ends with 1", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  const plan = await writePlan(servers, "services:\n  A: { version: v2 }\n");
  const zookeeper = ["--zookeeper", servers.zookeeper];
  const said = async (...args: string[]) => {
    const { status, stdout, stderr } = await rollcall("rollout", ...args, ...zookeeper);
    return [status, (stdout + stderr).replaceAll(/ by \S+@[^\s:.,]+/g, " by ann")] as const;
  };
  const nothing = await said("resume");
  assert.deepEqual(nothing, [
    1,
    "rollcall: resume: nothing is paused or halted. A host whose switch has failed tries again with: " +
    "rollcall rollout retry HOST; nothing was changed\n",
  ]);
  assert.equal((await said(plan, "--detach"))[0], 0);
  await using client = new ZooKeeper(servers.zookeeper);
  const { data } = await client.get("/dc/control");
  const halt = { state: "halted", by: "web-1", reason: "A v2 failed on web-1" };
  const entry = { ...JSON.parse(new TextDecoder().decode(data)), ...halt };
  await client.set("/dc/control", JSON.stringify(entry));
  assert.deepEqual(await said("pause", "--reason", "lunch"), [
    0,
    "Control: halted -> halted and paused, by ann: lunch.\n" +
    "The halt by web-1 stands: A v2 failed on web-1\n" +
    "Hosts that are switching finish, nobody else goes down. Go on: rollcall rollout resume\n",
  ]);
  assert.deepEqual(await said("pause"), [
    1,
    "rollcall: pause: it is already paused by ann: lunch; nothing was changed\n",
  ]);
  const status = (await rollcall("status", ...zookeeper)).stdout;
  assert.match(status, /HALTED by web-1: A v2 failed on web-1\nPAUSED by \S+: lunch\n/);
  const [code, watched] = await said("watch");
  assert.equal(code, 1);
  assert.match(watched, /halted by web-1: A v2 failed on web-1, and paused by ann: lunch/);
  const [aborted, told] = await said("abort");
  assert.equal(aborted, 0);
  assert.match(told, /\nControl: halted and paused -> paused. The halt by web-1 is over.\n/);
  assert.match(told, /The pause by ann stands: lunch; nothing is rolled out before/);
  const [refused, why] = await said(plan, "--detach");
  assert.equal(refused, 1);
  assert.match(why, /control is paused by ann: lunch; resume it first/);
  assert.equal((await said("resume"))[0], 0);
  assert.equal((await said("resume"))[0], 1);
});
