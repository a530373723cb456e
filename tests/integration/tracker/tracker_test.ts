/** The tracker over real HTTP: what it answers, and what it does not let itself be asked. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { createTracker, type Tracker, type TrackerOptions } from "../../../tracker/mod.ts";

const log = { debug() {}, info() {}, warn() {} };
const infoHash = "ab".repeat(20);

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

const text = (value: Uint8Array) => new TextDecoder().decode(value);

Deno.test("tracker: hands a peer's address to another of its rack, with intervals in seconds", () =>
  withTracker({ policy: { hungryIntervalMs: 2000 } }, async (tracker) => {
    const place = { site: "nörth", rack: "a" };
    await announce(tracker, { port: 4001, host: "web-1", ...place });
    const reply = await announce(tracker, { port: 4002, host: "web-2", ...place });
    assert.deepEqual([...reply.peers], [127, 0, 0, 1, 4001 >> 8, 4001 & 255]);
    assert.equal(reply.interval, 2);
    assert.equal(reply["min interval"], 2);
    assert.deepEqual([reply.complete, reply.incomplete], [0, 2]);
  }));

Deno.test("tracker: GET /stats.json shows sites, counts and gateways", () =>
  withTracker({}, async (tracker) => {
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
  }));

Deno.test("tracker: serves only the info hashes that it is allowed to", () =>
  withTracker({ allow: (hash) => hash === infoHash }, async (tracker) => {
    const refused = await announce(tracker, { port: 4001, info_hash: "cd".repeat(20) });
    assert.match(text(refused["failure reason"]), /does not serve/);
    assert.equal((await announce(tracker, { port: 4001 })).incomplete, 1);
    assert.equal(tracker.stats().swarms.length, 1);
  }));

Deno.test("tracker: malformed requests are refused, and it goes on", () =>
  withTracker({}, async (tracker) => {
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
  }));

Deno.test("tracker: a port that is taken is an error that says so", () =>
  withTracker({}, async ({ port }) => {
    await assert.rejects(
      createTracker({ hostname: "127.0.0.1", port, log }),
      new RegExp(`cannot listen on 127.0.0.1:${port}`),
    );
  }));
