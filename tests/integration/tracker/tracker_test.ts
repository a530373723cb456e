/**
 * The tracker over real HTTP: what it answers and what it refuses, with Rollcall's own frontend and with the server of
 * bittorrent-tracker.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import bencode from "bencode";
import { TORRENT_MIME_TYPE } from "../../../torrent/feed/mod.ts";
import {
  createTracker,
  type Tracker,
  TRACKER_SERVERS,
  type TrackerOptions,
  type TrackerServerName,
} from "../../../tracker/mod.ts";

const log = silentLog;
const infoHash = "ab".repeat(20);
const clock = { now: 0, nowMs: () => clock.now };

async function withTracker(
  options: Partial<TrackerOptions>,
  work: (tracker: Tracker) => Promise<void>,
): Promise<void> {
  const tracker = await createTracker({ hostname: "127.0.0.1", log, ...options });
  try {
    await work(tracker);
  } finally {
    await tracker.close();
  }
}

const bytes = (hexadecimal: string) => hexadecimal.replace(/../g, "%$&");

async function announce(
  tracker: Tracker,
  query: Record<string, string | number>,
  // deno-lint-ignore no-explicit-any -- a reply has no type here, its fields are what is tested
): Promise<any> {
  const rest = Object.entries({ left: 100, compact: 1, event: "started", ...query })
    .filter(([key]) => key !== "info_hash")
    .map(([key, value]) => `&${key}=${encodeURIComponent(value)}`);
  const hash = bytes(String(query["info_hash"] ?? infoHash));
  const peerId = bytes(String(query["port"]).padStart(40, "0"));
  const response = await fetch(
    `${tracker.announceUrl}?info_hash=${hash}&peer_id=${peerId}${rest.join("")}`,
  );
  return bencode.decode(await response.bytes());
}

/** The same with either server. */
function testBoth(
  name: string,
  options: Partial<TrackerOptions>,
  work: (tracker: Tracker, server: TrackerServerName) => Promise<void>,
): void {
  for (const server of TRACKER_SERVERS) {
    Deno.test(
      `tracker, server ${server}: ${name}`,
      () => withTracker({ ...options, server }, (tracker) => work(tracker, server)),
    );
  }
}

const text = (value: Uint8Array) => new TextDecoder().decode(value);

testBoth("may be closed twice, and both wait until nothing listens", {}, async (tracker) => {
  await Promise.all([tracker.close(), tracker.close()]);
  await assert.rejects(fetch(`http://127.0.0.1:${tracker.port}/healthz`));
});

testBoth("hands a peer's address to another of its rack, with intervals in seconds", {
  settings: { hungryIntervalMs: 2000, beginningMs: 0 },
}, async (tracker) => {
  const place = { site: "nörth", rack: "a" };
  await announce(tracker, { port: 4001, host: "web-1", ...place });
  const reply = await announce(tracker, { port: 4002, host: "web-2", ...place });
  assert.deepEqual([...reply.peers], [127, 0, 0, 1, 4001 >> 8, 4001 & 255]);
  assert.equal(reply.interval, 2);
  assert.equal(reply["min interval"], 2);
  assert.equal(reply["interval ms"], 2000);
  assert.deepEqual([reply.complete, reply.incomplete], [0, 2]);
});

testBoth("GET /stats.json shows sites, counts and gateways", {}, async (tracker) => {
  await announce(tracker, { port: 4001, host: "web-1", site: "nörth", rack: "a" });
  await announce(tracker, { port: 4002, host: "web-2", site: "nörth", rack: "a", left: 0 });
  const response = await fetch(new URL("/stats.json", tracker.announceUrl));
  assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(tracker.stats())));
  const [swarm] = tracker.stats().swarms;
  assert.equal(swarm?.infoHash, infoHash);
  assert.deepEqual([swarm.seeds, swarm.leechers], [1, 1]);
  assert.deepEqual(swarm.sites.map(({ name, peers, copies }) => [name, peers, copies]), [[
    "nörth",
    2,
    1,
  ]]);
  assert.deepEqual(swarm.gateways, []);
});

testBoth("GET /stats/INFO_HASH.json shows one release, at most once a second anew", {
  clock,
}, async (tracker) => {
  const get = async (hash: string) => {
    const response = await fetch(new URL(`/stats/${hash}.json`, tracker.announceUrl));
    return [response.status, await response.json()] as const;
  };
  assert.deepEqual(await get(infoHash), [404, { infoHash, problem: "no peer of that release" }]);
  await announce(tracker, { port: 4001, host: "web-1", site: "s", rack: "a" });
  await announce(tracker, { port: 4001, host: "web-1", info_hash: "cd".repeat(20) });
  const [status, report] = await get(infoHash);
  assert.equal(status, 200);
  const all = JSON.parse(JSON.stringify(tracker.stats().swarms));
  assert.deepEqual([report], all.filter((one: { infoHash: string }) => one.infoHash === infoHash));
  await announce(tracker, { port: 4002, host: "web-2", site: "s", rack: "a", left: 0 });
  assert.equal((await get(infoHash))[1].seeds, 0);
  clock.now += 1_000;
  assert.equal((await get(infoHash))[1].seeds, 1);
  await announce(tracker, { port: 4001, event: "stopped" });
  await announce(tracker, { port: 4002, event: "stopped" });
  clock.now += 1_000;
  assert.equal((await get(infoHash))[0], 404);
  // Neither digits that are none nor a path below it is one.
  for (const path of [`/stats/${"x".repeat(40)}.json`, `/stats/${infoHash}.json/`, "/stats/"]) {
    const response = await fetch(new URL(path, tracker.announceUrl));
    assert.match(await response.text(), /^not found: there are/);
  }
});

testBoth("serves only the info hashes that it is allowed to", {
  allow: (hash) => hash === infoHash,
}, async (tracker) => {
  const refused = await announce(tracker, { port: 4001, info_hash: "cd".repeat(20) });
  assert.match(text(refused["failure reason"]), /does not serve/);
  assert.equal((await announce(tracker, { port: 4001 })).incomplete, 1);
  assert.equal(tracker.stats().swarms.length, 1);
});

testBoth("malformed requests are refused, and it goes on", {}, async (tracker) => {
  const base = new URL(tracker.announceUrl).origin;
  for (const path of ["/", "/announce", "/announce?info_hash=x&peer_id=y", "/%ff?%zz=%"]) {
    const response = await fetch(base + path);
    await response.body?.cancel();
  }
  const zero = await announce(tracker, { port: 0 });
  assert.match(text(zero["failure reason"]), /port/);
  const event = await announce(tracker, { port: 4001, event: "bogus" });
  assert.ok("failure reason" in event || event.incomplete === 1);
  assert.equal((await announce(tracker, { port: 4001 })).incomplete, 1);
});

testBoth("who stops has left, and an empty swarm is not kept", {
  clock,
}, async (tracker) => {
  await announce(tracker, { port: 4001, left: 0 });
  await announce(tracker, { port: 4002 });
  const stopped = await announce(tracker, { port: 4001, left: 0, event: "stopped" });
  assert.deepEqual([stopped.complete, stopped.incomplete, stopped.peers.length], [0, 1, 0]);
  assert.equal((await announce(tracker, { port: 4002 })).peers.length, 0);
  await announce(tracker, { port: 4002, event: "stopped" });
  clock.now += 60_000;
  assert.equal(tracker.stats().swarmCount, 0);
});

testBoth("a port that is taken is an error that says so", {}, async ({ port }, server) => {
  await assert.rejects(
    createTracker({ hostname: "127.0.0.1", port, server, log }),
    new RegExp(`cannot listen on 127.0.0.1:${port}`),
  );
});

testBoth(
  "tells its own how far to fetch from, and foreign clients nothing of it",
  {},
  async (tracker) => {
    const first = await announce(tracker, { port: 4001, host: "web-1", site: "s", rack: "a" });
    const second = await announce(tracker, { port: 4002, host: "web-2", site: "s", rack: "a" });
    assert.deepEqual([first, second].map(({ reach }) => text(reach)), ["everywhere", "rack"]);
    assert.equal("reach" in await announce(tracker, { port: 4003 }), false);
  },
);

Deno.test("tracker: answers as dictionaries for who cannot read the compact form", () =>
  withTracker({}, async (tracker) => {
    await announce(tracker, { port: 4001 });
    const { peers: [peer] } = await announce(tracker, { port: 4002, compact: 0 });
    assert.deepEqual([text(peer.ip), peer.port, peer["peer id"].length], ["127.0.0.1", 4001, 20]);
    const short = await announce(tracker, { port: 4002, compact: 0, no_peer_id: 1 });
    assert.equal("peer id" in short.peers[0], false);
  }));

testBoth("scrapes one or several swarms, and refuses to list all", {}, async (tracker) => {
  await announce(tracker, { port: 4001, left: 0, uploaded: 1 });
  const url = tracker.announceUrl.replace("/announce", "/scrape");
  const other = "cd".repeat(20);
  const response = await fetch(`${url}?info_hash=${bytes(infoHash)}&info_hash=${bytes(other)}`);
  const { files } = bencode.decode(await response.bytes());
  assert.deepEqual(
    Object.values(files),
    [{ complete: 1, downloaded: 0, incomplete: 0 }, {
      complete: 0,
      downloaded: 0,
      incomplete: 0,
    }],
  );
  const all = bencode.decode(await (await fetch(url)).bytes());
  assert.match(text(all["failure reason"]), /at least one info_hash/);
});

testBoth("a page, metrics and health, and nothing else", {}, async (tracker) => {
  await announce(tracker, { port: 4001, host: "web-1", site: "s", rack: "a" });
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, tracker.announceUrl), init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const page = await get("/");
  assert.match(page.text, /<h3>s /);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.match((await get("/metrics")).text, /rollcall_tracker_swarms 1/);
  assert.equal((await get("/healthz")).text, "ok\n");
  assert.equal((await get("/else")).status, 404);
  assert.equal((await get("/", { method: "POST", body: "x" })).status, 405);
});

Deno.test("tracker: serves the releases of a feed, by name, and new ones soon after they appear", async () => {
  const clock = { now: 0, nowMs: () => clock.now };
  const release = (hash: string, version: string) => ({
    id: version,
    title: version,
    date_published: "2026-01-01T00:00:00Z",
    attachments: [{ url: "http://127.0.0.1/x.torrent", mime_type: TORRENT_MIME_TYPE }],
    _rollcall: { service: "search", version, infoHash: hash, sizeBytes: 1, fileCount: 1 },
  });
  let items: unknown[] = [release(infoHash, "v1")];
  let status = 200;
  const reads = { count: 0 };
  const feed = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    reads.count++;
    return Response.json({ version: "https://jsonfeed.org/version/1.1", title: "t", items }, {
      status,
    });
  });
  const allowFeed = `http://127.0.0.1:${feed.addr.port}/feed.json`;
  try {
    await withTracker({ allowFeed, clock }, async (tracker) => {
      const other = "cd".repeat(20);
      await announce(tracker, { port: 4001 });
      assert.equal(tracker.stats().swarms[0]?.name, "search v1");
      assert.ok("failure reason" in await announce(tracker, { port: 4001, info_hash: other }));
      items = [...items, release(other, "v2")];
      clock.now += 3_000;
      // The first one that is refused has the feed read; ask until it has been.
      for (let attempt = 0; reads.count < 2 && attempt < 1000; attempt++) {
        await announce(tracker, { port: 4001, info_hash: other });
      }
      let answer = await announce(tracker, { port: 4001, info_hash: other });
      for (let attempt = 0; "failure reason" in answer && attempt < 1000; attempt++) {
        answer = await announce(tracker, { port: 4001, info_hash: other });
      }
      assert.equal(answer.incomplete, 1);
      assert.equal(reads.count, 2);
      [items, status] = [[], 500];
      clock.now += 3_000;
      assert.ok(
        "failure reason" in
          await announce(tracker, { port: 4001, info_hash: "ef".repeat(20) }),
      );
      assert.equal((await announce(tracker, { port: 4002, info_hash: other })).incomplete, 2);
    });
  } finally {
    await feed.shutdown();
  }
});
