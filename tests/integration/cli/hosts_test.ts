import assert from "node:assert/strict";
import { readFleet } from "../../../coordination/mod.ts";
import { currentPath, encodeEntry, quarantinedPath, slotsPath } from "../../../rollout/mod.ts";
import { current, slot } from "../../unit/rollout/views.ts";
import { ensurePath, ZooKeeper } from "../../../zookeeper/mod.ts";
import { FaultyProxy } from "../../../zookeeper/testing/mod.ts";
import { RunningCommand } from "./long_running.ts";
import { rollcall, startServers } from "./rollcall_process.ts";
import { enlist } from "./rosters.ts";

Deno.test("rollcall hosts forget: takes a host that is offline off the rosters, and refuses one that nobody knows", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1", "web-2"]);
  const forgot = await rollcall("host", "forget", "web-2", "--zookeeper", servers.zookeeper);
  assert.equal(
    forgot.stdout,
    "Forgot web-2 for A, B: off the roster, and no slot is held in its name.\n",
  );
  const again = await rollcall("host", "forget", "web-2", "--zookeeper", servers.zookeeper);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /expected it on the roster of A or B, it is on none/);
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const fleet = await readFleet(zookeeper);
  assert.deepEqual(fleet.services["A"]?.hosts.map(({ host }) => host), ["web-1"]);
});

Deno.test("rollcall hosts release-slot: frees a slot whose machine is gone, and leaves the host on the roster", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const held = slot("web-1", { agent: "gone", to: "2", step: "checking" });
  await zookeeper.create(slotsPath("A", "web-1"), encodeEntry(held));
  const release = ["host", "release-slot", "web-1", "--zookeeper", servers.zookeeper] as const;
  const freed = await rollcall(...release);
  assert.match(
    freed.stdout,
    /^Freed the slot of web-1 for A: it was at checking, to 2\.\nIts slot holds nobody up any more: /,
  );
  const again = await rollcall(...release);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /it holds none; rollcall hosts list shows who holds one/);
});

Deno.test("rollcall hosts release-quarantine: ends it, and ends with 1 where there is none", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensurePath(zookeeper, quarantinedPath("A", "web-1"));
  const release = [
    "hosts",
    "release-quarantine",
    "web-1",
    "--zookeeper",
    servers.zookeeper,
  ] as const;
  const done = await rollcall(...release);
  assert.equal(
    done.stdout,
    "Ended the quarantine of web-1 for A: it counts again within ten seconds.\n",
  );
  const again = await rollcall(...release);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /it is in quarantine for none of its services/);
  const wrong = await rollcall(...release, "--service", "a/b");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--service <name>.*expected a name \(.*\), was "a\/b"/);
});

Deno.test("rollcall hosts list: each host with its services; `host` is the same command", async () => {
  await using servers = await startServers();
  await enlist(servers, ["web-2", "web-1"]);
  for (const name of ["hosts", "host"]) {
    const { stdout } = await rollcall(name, "list", "--zookeeper", servers.zookeeper);
    assert.equal(
      stdout,
      "host   site/rack  service  runs  state\n" +
        "web-1  s1/r1      A        -     offline\n" +
        "web-1  s1/r1      B        -     offline\n" +
        "web-2  s1/r1      A        -     offline\n" +
        "web-2  s1/r1      B        -     offline\n",
    );
  }
});

Deno.test("rollcall hosts drain: while ZooKeeper does not answer, it goes on waiting for the host's agent", async () => {
  // Regression: it ended with 1 and a lost connection, as if a hook had failed, and did not say that the word stands.
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  await using held = new AsyncDisposableStack();
  const proxy = new FaultyProxy({ port: Number(servers.zookeeper.split(":")[1]) });
  held.defer(() => proxy.close());
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  const path = (service: string) => currentPath(service, "web-1");
  for (const service of ["A", "B"]) {
    await ensurePath(zookeeper, path(service));
    await zookeeper.set(path(service), encodeEntry(current("web-1")));
  }
  const drain = (service: string, timeout: string) =>
    new RunningCommand(
      ...["hosts", "drain", "web-1", "--service", service, "--force", "--timeout", timeout],
      ...["--zookeeper", proxy.connectString],
    );

  await using unanswered = drain("A", "3s");
  assert.match(await unanswered.line(), /^Drained web-1 for A, by /);
  proxy.refuse();
  const { status, stderr } = await unanswered.end();
  assert.equal(status, 3);
  assert.match(
    stderr,
    /web-1: ZooKeeper does not answer, so nobody knows whether .* for A within 3s; that stands, and its agent goes on/,
  );
  proxy.admit();

  await using waiting = drain("B", "10m");
  await waiting.line();
  proxy.cut();
  const [host] = (await readFleet(zookeeper)).services["B"]?.hosts ?? [];
  const drained = { sinceMs: host?.drained?.sinceMs ?? 0 };
  await zookeeper.set(path("B"), encodeEntry(current("web-1", { drained })));
  assert.deepEqual(await waiting.end(), {
    status: 0,
    stdout: ["B: its drain hook has run; the service runs on."],
    stderr: "",
  });
});

Deno.test("rollcall hosts drain: when ZooKeeper answers no longer, it says so, and that it may be said again", async () => {
  // Regression: "sync /dc: CONNECTION_LOSS: … read before trying again" was all.
  await using servers = await startServers();
  await enlist(servers, ["web-1"]);
  await using held = new AsyncDisposableStack();
  const proxy = new FaultyProxy({ port: Number(servers.zookeeper.split(":")[1]) });
  held.defer(() => proxy.close());
  // The reply that is lost is that to the first request: so long does the session's own take to get through.
  proxy.delayMs = 200;
  const drain = rollcall("hosts", "drain", "web-1", "--zookeeper", proxy.connectString);
  while (proxy.session === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  await proxy.loseReply();
  const { status, stdout, stderr } = await drain;
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^rollcall: ZooKeeper: \S+ has answered, and does no longer \(CONNECTION_LOSS\); .* safe to say it again\n$/,
  );
});
