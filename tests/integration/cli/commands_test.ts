/**
 * The commands as their users meet them: exit status, and one clear message.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ensureSkeleton, joinRoster, readFleet } from "../../../coordination/mod.ts";
import { SCHEMA_VERSION } from "../../../rollout/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { rollcall, type Servers, startServers } from "./rollcall_process.ts";

/** Hosts on the rosters of A and B, none of them online. */
async function enlist(servers: Servers, hosts: readonly string[]): Promise<void> {
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  for (const service of ["A", "B"]) {
    for (const host of hosts) {
      await joinRoster(zookeeper, service, {
        host,
        roster: { schema: SCHEMA_VERSION, site: "s1", rack: "r1" },
      });
    }
  }
}

async function writePlan(servers: Servers, text: string): Promise<string> {
  const path = `${servers.folder}/plan.yaml`;
  await Deno.writeTextFile(path, `feed: ${servers.feedUrl}\n${text}`);
  return path;
}

Deno.test("rollcall: an unknown command, option or address ends with status 2 and says what is expected", async () => {
  const unknown = await rollcall("agnet");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /unknown command 'agnet'.*\n.*Did you mean agent\?/);
  const address = await rollcall("tracker", "--listen", "nowhere");
  assert.equal(address.status, 2);
  assert.match(address.stderr, /expected HOST:PORT such as 127\.0\.0\.1:2181, was "nowhere"/);
  const missing = await rollcall("agent");
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /required option '-c, --config <file>' not specified/);
});

Deno.test("rollcall: every command has help, with status 0", async () => {
  for (
    const command of [
      "coordinator",
      "tracker",
      "publish",
      "fetch",
      "seed",
      "agent",
      "rollout",
      "status",
      "host",
      "actors",
    ]
  ) {
    const { status, stdout } = await rollcall(command, "--help");
    assert.equal(status, 0, command);
    assert.match(stdout, new RegExp(`Usage: rollcall ${command}`), command);
  }
});

Deno.test("rollcall agent: a wrong config names each place, and the key that was meant", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      [
        "host: web-1",
        "site: s1",
        "rack: r1",
        "zookeper: 127.0.0.1:2181",
        "dataDir: /nonexistent",
        "services:",
        "  A:",
        "    comand: [sleep, '1']",
        "    stopGrace: 5",
        "    health: { type: http }",
      ].join("\n"),
    );
    const { status, stderr } = await rollcall("agent", "--config", path);
    assert.equal(status, 2);
    assert.match(stderr, /zookeper: unknown key, did you mean "zookeeper"\?/);
    assert.match(stderr, /services\.A\.comand: unknown key, did you mean "command"\?/);
    assert.match(
      stderr,
      /services\.A\.stopGrace: expected a duration such as 500ms, 30s, 5m or 2h/,
    );
    assert.match(stderr, /services\.A\.health\.url: missing/);
    assert.doesNotMatch(stderr, /^\s+at /m);
  } finally {
    await Deno.remove(path);
  }
});

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

Deno.test("rollcall rollout: --check writes nothing, start is one at a time, pause, resume and abort say what they did", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  const plan = await writePlan(
    servers,
    "services:\n  A: { version: v2 }\n  B: { version: v2, dependsOn: [A] }\n",
  );
  const zookeeper = ["--zookeeper", servers.zookeeper];

  const checked = await rollcall("rollout", plan, "--check", ...zookeeper);
  assert.deepEqual([checked.status, checked.stdout], [
    0,
    "The plan is good: A v2, then B v2. Nothing was written (--check).\n",
  ]);
  const started = await rollcall("rollout", plan, "--detach", ...zookeeper);
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

Deno.test("rollcall host forget: takes a host that is offline off the rosters, and refuses one that nobody knows", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1", "web-2"]);
  const forgot = await rollcall("host", "forget", "web-2", "--zookeeper", servers.zookeeper);
  assert.equal(forgot.stdout, "Forgot web-2 for A, B: off the roster, its slot free.\n");
  const again = await rollcall("host", "forget", "web-2", "--zookeeper", servers.zookeeper);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /expected it on the roster of A or B, it is on none/);
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const fleet = await readFleet(zookeeper);
  assert.deepEqual(fleet.services["A"]?.hosts.map(({ host }) => host), ["web-1"]);
});

Deno.test("rollcall status: no server to be had ends with status 1 and what to look at", async () => {
  // Nobody listens on the discard port of loopback.
  const { status, stderr } = await rollcall("status", "--zookeeper", "127.0.0.1:9");
  assert.equal(status, 1);
  assert.match(stderr, /no server of 127\.0\.0\.1:9 answered within 10 s; is it running/);
});

Deno.test("rollcall publish: what cannot be published is refused before anything is written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const feed = ["--feed", `${folder}/feed`, "--listen", "127.0.0.1:0"];
    const announce = ["--announce", "http://127.0.0.1:1/announce"];
    const cases: [string[], RegExp, number][] = [
      [["web"], /expected a version after the service/, 2],
      [["web", "v1", folder], /expected the tracker's announce URL/, 2],
      [
        ["web", "current", folder, ...announce],
        /expected a version that can be a folder's name/,
        2,
      ],
      [["web", "v1", `${folder}/nothing`, ...announce], /nothing/, 1],
    ];
    for (const [args, message, status] of cases) {
      const run = await rollcall("publish", ...args, ...feed);
      assert.equal(run.status, status, run.stderr);
      assert.match(run.stderr, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
