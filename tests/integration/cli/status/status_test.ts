import assert from "node:assert/strict";
import {
  ensureSkeleton,
  joinRoster,
  pauseRollout,
  readFleet,
  startRollout,
} from "../../../../coordination/mod.ts";
import { DEFAULT_POLICY, SCHEMA_VERSION } from "../../../../rollout/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { FaultyProxy } from "../../../../zookeeper/testing/mod.ts";
import { RunningCommand } from "../long_running.ts";
import { PROGRAM, rollcall, startServers } from "../rollcall_process.ts";
import { announce, AWAY, INFO_HASH, startTracker } from "./trackers.ts";

Deno.test("rollcall status: how a release spreads, from the tracker that its entry names, or why that is not known", async () => {
  await using servers = await startServers();
  await using tracker = await startTracker();
  await announce(tracker, { port: 4000, host: "build", left: 0 });
  await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  const roster = { schema: SCHEMA_VERSION, site: "ams", rack: "r1" } as const;
  await joinRoster(zookeeper, "web", { host: "web-1", roster });
  const release = {
    service: "web",
    version: "v2",
    infoHash: INFO_HASH,
    sizeBytes: 100,
    torrentUrl: null,
    trackers: [AWAY, tracker.announceUrl],
  };
  await startRollout(
    zookeeper,
    {
      services: new Map([["web", { version: "v2", dependsOn: [], policy: DEFAULT_POLICY }]]),
      waves: [{ service: "web", version: "v2", hosts: null }],
      releases: new Map([["web", release]]),
      id: "20260101-000000.000-aaaa",
      by: "test",
      nowMs: 0,
    } as unknown as Parameters<typeof startRollout>[1],
  );
  assert.equal((await readFleet(zookeeper)).services["web"]?.releases.length, 1);

  const shown = await rollcall("status", "--zookeeper", servers.zookeeper);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /\nv2: 50% there · 1 of 2 peers hold a copy · 1 gateway · \(http/);
  assert.match(shown.stdout, /\nams 1\/1 {2}r1 1\/1\nfra 0\/1 by web-1 {2}r1 0\/1 by web-1\n/);
  const json = await rollcall("status", "--json", "--zookeeper", servers.zookeeper);
  const [distribution] = JSON.parse(json.stdout).distributions;
  assert.equal(distribution.tracker, new URL(tracker.announceUrl).origin);
  assert.deepEqual([distribution.report.seeds, distribution.problem], [1, null]);

  const away = await rollcall("status", "--zookeeper", servers.zookeeper, "--tracker", AWAY);
  assert.equal(away.status, 0, away.stderr);
  assert.match(away.stdout, /v2: no report of how it spreads: tracker http:\/\/127\.0\.0\.1:9999/);
  assert.match(away.stdout, /web-1 +ams\/r1 +- +offline/);
  const wrong = await rollcall("status", "--tracker", "tracker:8000");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /expected an announce URL such as http:\/\/tracker:8000\/announce/);
});

Deno.test("rollcall status: nothing that others have written steers the terminal, nor passes for a line", async () => {
  await using servers = await startServers();
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  const evil =
    "\x1b]0;pwned\x07\x1b[2J\x1b[1;1H\u202egnihton\u2066\r\n web-9 ams/r1 v2 serving\x9b8m";
  const at = ["--zookeeper", servers.zookeeper];
  await pauseRollout(zookeeper, { by: evil, reason: evil, sinceMs: 1 });
  const shown = await rollcall("status", ...at);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /PAUSED by /);
  assert.doesNotMatch(shown.stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.doesNotMatch(shown.stdout, /^ *web-9/m);
  const json = await rollcall("status", "--json", ...at);
  assert.doesNotMatch(json.stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.equal(JSON.parse(json.stdout).control.reason, evil);
  const wrong = await rollcall("fetch", `/nothing/${evil}`);
  assert.equal(wrong.status, 2);
  assert.doesNotMatch(wrong.stderr.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

Deno.test("rollcall status: a chroot that is missing is said, with the command that makes it", async () => {
  await using servers = await startServers();
  const at = `${servers.zookeeper}/prod/eu`;
  for (
    const command of [["status"], ["status", "--json"], ["status", "--watch"], ["rollout", "watch"]]
  ) {
    const { status, stdout, stderr } = await rollcall(...command, "--zookeeper", at);
    assert.equal(status, 1, command.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, /the chroot \/prod\/eu in \S+ does not exist/);
    const make = `zkCli.sh -server ${servers.zookeeper} create /prod`;
    assert.ok(stderr.includes(`\n  ${make}\n  ${make}/eu`), stderr);
  }
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await zookeeper.create("/prod");
  await zookeeper.create("/prod/eu");
  assert.equal((await rollcall("status", "--zookeeper", at)).status, 0);
});

Deno.test("rollcall status --watch: says when ZooKeeper does not answer, and when it does again", async () => {
  // Regression: what had been read last stood there as if it were so, for as long as ZooKeeper was away.
  await using servers = await startServers();
  await using held = new AsyncDisposableStack();
  const proxy = new FaultyProxy({ port: Number(servers.zookeeper.split(":")[1]) });
  held.defer(() => proxy.close());
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  await using watch = new RunningCommand(
    ...["status", "--watch", "--zookeeper", proxy.connectString],
  );
  assert.equal(await watch.line(), "control: running");
  proxy.refuse();
  assert.match(await watch.line(), /^zookeeper: no answer since \d\d:\d\d:\d\d UTC, asks again$/);
  proxy.admit();
  assert.equal(await watch.line(), "zookeeper: answers");
});

Deno.test("rollcall status --watch: Ctrl-C ends it, too, while ZooKeeper does not answer", async () => {
  // Regression: it waited until the connection counted as lost.
  await using servers = await startServers();
  await using held = new AsyncDisposableStack();
  const proxy = new FaultyProxy({ port: Number(servers.zookeeper.split(":")[1]) });
  held.defer(async () => {
    proxy.releaseReplies();
    await proxy.close();
  });
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  await using watch = new RunningCommand(
    ...["status", "--watch", "--zookeeper", proxy.connectString],
  );
  assert.equal(await watch.line(), "control: running");
  void proxy.holdReplies();
  assert.match(await watch.line(), /^zookeeper: no answer since /);
  const { status, stderr } = await watch.end("SIGINT");
  assert.deepEqual([status, stderr], [0, ""]);
});

Deno.test("rollcall: when nobody reads what it prints, it ends without a word, as a shell reports it", async () => {
  await using servers = await startServers();
  for (const args of [["status"], ["hosts", "list"], ["rollout", "history"]]) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, ...args, "--zookeeper", servers.zookeeper],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stdout.cancel();
    const stderr = await new Response(child.stderr).text();
    assert.deepEqual([(await child.status).code, stderr], [141, ""], args.join(" "));
  }
});
