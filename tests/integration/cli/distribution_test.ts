/**
 * Asking trackers how releases spread: a real one, and those that are away, slow, old, or lie.
 *
 * @module
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import { askDistributions, type Distribution } from "../../../cli/status/distribution.ts";
import { DistributionPoller } from "../../../cli/status/distribution_poller.ts";
import { askTracker } from "../../../cli/status/tracker_client.ts";
import {
  ensureSkeleton,
  type Fleet,
  joinRoster,
  readFleet,
  startRollout,
} from "../../../coordination/mod.ts";
import { DEFAULT_POLICY, SCHEMA_VERSION } from "../../../rollout/mod.ts";
import { createTracker, type Tracker } from "../../../tracker/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { rollcall, startServers } from "./rollcall_process.ts";

const INFO_HASH = "ab".repeat(20);

/** Nobody listens there; and the port is none that `fetch` refuses by itself. */
const AWAY = "http://127.0.0.1:9999/announce";

async function startTracker(): Promise<Tracker & AsyncDisposable> {
  const log = silentLog;
  const tracker = await createTracker({ hostname: "127.0.0.1", log });
  return { ...tracker, [Symbol.asyncDispose]: () => tracker.close() };
}

/** Announces a peer; `left` bytes are missing. */
async function announce(
  tracker: Tracker,
  peer: {
    readonly port: number;
    readonly host: string;
    readonly left: number;
    readonly remote?: number;
  },
): Promise<void> {
  const { port, host, left, remote = 0 } = peer;
  const hash = INFO_HASH.replace(/../g, "%$&");
  const id = String(port).padStart(40, "0").replace(/../g, "%$&");
  const place = `host=${encodeURIComponent(host)}&site=${port % 2 === 0 ? "ams" : "fra"}&rack=r1`;
  const received = `rack_bytes=0&site_bytes=0&remote_bytes=${remote}`;
  const query = `info_hash=${hash}&peer_id=${id}&port=${port}&left=${left}&event=started&compact=1`;
  const response = await fetch(`${tracker.announceUrl}?${query}&${place}&${received}`);
  await response.body?.cancel();
}

/** A tracker that answers as it likes. */
function startLiar(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    announceUrl: `http://127.0.0.1:${server.addr.port}/announce`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function fleetOf(...trackers: readonly string[]): Fleet {
  const release = { version: "v2", infoHash: INFO_HASH, sizeBytes: 100, trackers };
  return { services: { web: { releases: [release], hosts: [] } } } as unknown as Fleet;
}

async function ask(...trackers: readonly string[]): Promise<Distribution> {
  const [answer] = await askDistributions(fleetOf(...trackers));
  assert.ok(answer !== undefined);
  return answer;
}

async function problemOf(handler: (request: Request) => Response | Promise<Response>) {
  await using liar = startLiar(handler);
  const { report, problem } = await ask(liar.announceUrl);
  assert.equal(report, null);
  return problem ?? "";
}

/** What a tracker would say, to be spoiled. */
async function goodReport(): Promise<Record<string, unknown>> {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  return await (await fetch(new URL(`/stats/${INFO_HASH}.json`, tracker.announceUrl))).json();
}

Deno.test("distribution: a tracker's report is taken, by HTTP also where its announce URL is of UDP", async () => {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4000, host: "build", left: 0 });
  await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  await announce(tracker, { port: 4001, host: "web-1", left: 40, remote: 90 });
  for (const url of [tracker.announceUrl, tracker.udpAnnounceUrl ?? ""]) {
    const { report, problem, tracker: asked } = await ask(url);
    assert.equal(problem, null);
    assert.equal(asked, `http://127.0.0.1:${tracker.port}`);
    assert.deepEqual([report?.seeds, report?.leechers], [1, 1]);
    assert.deepEqual(report?.acrossSites, { bytes: 90, leastBytes: 60, ratio: 1.5 });
    assert.deepEqual(
      report?.sites.map(({ name, copies, peers, gateways }) => [name, copies, peers, gateways]),
      [["ams", 1, 1, []], ["fra", 0, 1, ["web-1 (127.0.0.1:4001)"]]],
    );
  }
});

Deno.test("distribution: of several trackers the first that knows the release counts", async () => {
  await using empty = await startTracker();
  await using first = await startTracker();
  await using second = await startTracker();
  for (const tracker of [first, second]) {
    await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  }
  const { tracker, problem } = await ask(
    AWAY,
    empty.announceUrl,
    first.announceUrl,
    second.announceUrl,
  );
  assert.equal(problem, null);
  assert.equal(tracker, new URL(first.announceUrl).origin);
  const none = await ask(AWAY, empty.announceUrl, "ws://127.0.0.1:1/announce");
  assert.match(
    none.problem ?? "",
    /^no report of how it spreads: tracker http:\/\/127\.0\.0\.1:9999 cannot be reached: .*refused.*; http:\/\/127\.0\.0\.1:\d+ knows no peer of it; ws:.* expected http or udp$/,
  );
  assert.doesNotMatch(none.problem ?? "", /error sending request/);
});

Deno.test("distribution: a tracker that takes connections and never answers, or never ends its answer, is given up", async () => {
  const held = Promise.withResolvers<Response>();
  await using silent = startLiar(() => held.promise);
  await using endless = startLiar(() =>
    new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([123])) }),
    )
  );
  const { problem } = await ask(silent.announceUrl, endless.announceUrl);
  held.resolve(new Response());
  assert.match(
    problem ?? "",
    /127\.0\.0\.1:\d+ does not answer within 2 s; http:\/\/127\.0\.0\.1:\d+ does not answer within 2 s$/,
  );
});

Deno.test("distribution: an answer without end is cut off at a bound, not kept", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(32);
  let sentBytes = 0;
  const problem = await problemOf(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sentBytes += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    )
  );
  assert.match(problem, /answers with more than 4194304 bytes$/);
  assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes were taken`);
});

Deno.test("distribution: an older tracker, a foreign one, one that sends elsewhere: one line says so", async () => {
  assert.match(
    await problemOf(() => new Response("not found", { status: 404 })),
    /has no reports of single releases: it is older than this rollcall, or not Rollcall's$/,
  );
  assert.match(
    await problemOf(() => Response.redirect("http://127.0.0.1:1/")),
    /answers with status 302: is it a tracker of Rollcall\?$/,
  );
  assert.match(await problemOf(() => new Response("<html>")), /something else than a report/);
});

Deno.test("distribution: a report that is none is refused with the place that is wrong", async () => {
  const good = await goodReport();
  const lies: [Record<string, unknown>, RegExp][] = [
    [{ seeds: -1 }, /\(seeds: /],
    [{ progress: 7 }, /\(progress: /],
    [{ sites: [{ name: 1 }] }, /\(sites\.0\.name: /],
    [{ acrossSites: { bytes: "many" } }, /\(acrossSites\.bytes: /],
    [{ infoHash: "cd".repeat(20) }, /the report of another release/],
  ];
  for (const [lie, expected] of lies) {
    assert.match(await problemOf(() => Response.json({ ...good, ...lie })), expected);
  }
});

Deno.test("distribution: what a peer calls itself cannot steer a terminal, nor spoil the report", async () => {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4001, host: "\x1b[2J\x1b]0;owned\x07web\u202e-1\n", left: 100 });
  const answer = await askTracker(tracker.announceUrl, INFO_HASH, new AbortController().signal);
  assert.ok(answer.ok, JSON.stringify(answer));
  // deno-lint-ignore no-control-regex -- they are what must not be there
  assert.doesNotMatch(answer.report.gateways.join(""), /[\x00-\x1f\x7f-\x9f\u202e]/);
  const good = await goodReport();
  await using liar = startLiar(() =>
    Response.json({
      ...good,
      slow: [{ address: "a".repeat(10_000), bytesPerSecond: 0, why: "\x1b[31m" }],
    })
  );
  const [slow] = (await ask(liar.announceUrl)).report?.slow ?? [];
  assert.deepEqual(slow, { address: "a".repeat(200), bytesPerSecond: 0, why: "" });
});

Deno.test("live distributions: a tracker that comes and goes is seen to", async () => {
  let knows = false;
  const good = await goodReport();
  await using fickle = startLiar(() =>
    knows
      ? Response.json(good)
      : Response.json({ infoHash: INFO_HASH, problem: "" }, { status: 404 })
  );
  let changed = Promise.withResolvers<void>();
  const live = new DistributionPoller({ trackers: [], onChange: () => changed.resolve() });
  async function nextRound(): Promise<Distribution | undefined> {
    await changed.promise;
    changed = Promise.withResolvers();
    return live.latest[0];
  }
  try {
    live.follow(fleetOf(fickle.announceUrl));
    assert.match((await nextRound())?.problem ?? "", /knows no peer of it/);
    knows = true;
    assert.equal((await nextRound())?.problem, null);
    knows = false;
    const gone = await nextRound();
    // What it said before is old news.
    assert.deepEqual([gone?.report, gone?.tracker], [null, null]);
  } finally {
    await live.close();
  }
});

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
