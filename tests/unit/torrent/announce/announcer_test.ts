/** When a transfer announces, to whom, and what it makes of the answers. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { Announcer, type AnnouncerOptions } from "../../../../torrent/announce/announcer.ts";
import type { Clock } from "../../../../base/clock.ts";
import { silentLog } from "../../../../base/log.ts";

/** Sleeps only until it is told to go on. */
class StepClock implements Clock {
  readonly sleeps: number[] = [];
  now = 0;
  #wake = Promise.withResolvers<void>();
  #asleep = Promise.withResolvers<void>();

  nowMs(): number {
    return this.now;
  }

  wallTimeMs(): number {
    return this.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    if (delayMs > 0) {
      this.sleeps.push(delayMs);
      this.#asleep.resolve();
    }
    void (delayMs > 0 ? this.#wake.promise : Promise.resolve()).then(() => {
      if (!isCancelled) callback();
    });
    return () => void (isCancelled = true);
  }

  /** Waits until somebody sleeps; returns for how long. */
  async untilAsleep(): Promise<number | undefined> {
    await this.#asleep.promise;
    this.#asleep = Promise.withResolvers();
    return this.sleeps.at(-1);
  }

  /** Wakes whoever sleeps. */
  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

type Answer = () => Response | Promise<Response>;

const reply = (fields: Record<string, unknown> = {}) => () =>
  new Response(
    new Uint8Array(bencode.encode({
      interval: 30,
      "min interval": 2,
      peers: new Uint8Array([10, 0, 0, 1, 0x1a, 0xe1]),
      ...fields,
    })),
  );

/** A tracker that gives the next of its answers at each announce, the last one from then on. */
function startTracker(answers: Answer[]) {
  const queries: URLSearchParams[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    queries.push(new URL(request.url).searchParams);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer?.() ?? new Response(null, { status: 500 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/announce`,
    queries,
    events: () => queries.map((query) => query.get("event")),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function makeAnnouncer(options: Partial<AnnouncerOptions>) {
  const clock = new StepClock();
  const peers: string[] = [];
  const failures: string[] = [];
  const announcer = new Announcer({
    trackers: [],
    infoHash: "ab".repeat(20),
    peerId: "2d".repeat(20),
    port: 6881,
    locality: { host: "web-1", site: "nörth", rack: "a&b" },
    clock,
    random: () => 0.5,
    log: silentLog,
    state: () => ({ uploadedBytes: 1, downloadedBytes: 2, leftBytes: 3 }),
    hasNoPeers: () => false,
    onReply: (answer) => peers.push(...answer.peers),
    onFailure: ({ message, isRefusal }) => failures.push(isRefusal ? `${message}!` : message),
    ...options,
  });
  return { announcer, clock, peers, failures };
}

Deno.test("Announcer: started, then plain, completed once, stopped at the end", async () => {
  await using tracker = startTracker([reply()]);
  const { announcer, clock, peers } = makeAnnouncer({ trackers: [tracker.url] });
  announcer.start();
  assert.equal(await clock.untilAsleep(), 2000);
  announcer.announceSoon();
  clock.wake();
  await clock.untilAsleep();
  announcer.completed();
  await clock.untilAsleep();
  await announcer.stop();
  assert.deepEqual(tracker.events(), ["started", null, "completed", "stopped"]);
  const [first] = tracker.queries;
  assert.deepEqual(
    ["host", "site", "rack", "left", "port"].map((key) => first?.get(key)),
    ["web-1", "nörth", "a&b", "3", "6881"],
  );
  assert.deepEqual(peers.slice(0, 1), ["10.0.0.1:6881"]);
});

Deno.test("Announcer: says whom the transfer has lost", async () => {
  await using tracker = startTracker([reply()]);
  let lost: string[] = [];
  const { announcer, clock } = makeAnnouncer({
    trackers: [tracker.url],
    state: () => ({ uploadedBytes: 1, downloadedBytes: 2, leftBytes: 3, lost }),
  });
  announcer.start();
  await clock.untilAsleep();
  lost = ["10.0.0.2:6881", "[::1]:6882"];
  announcer.announceSoon();
  clock.wake();
  await clock.untilAsleep();
  await announcer.stop();
  assert.deepEqual(
    tracker.queries.slice(0, 2).map((query) => query.get("lost")),
    [null, "10.0.0.2:6881,[::1]:6882"],
  );
});

Deno.test("Announcer: waits for the interval, or for the shorter one while it is lonely", async () => {
  await using tracker = startTracker([reply()]);
  let lonely = true;
  const { announcer, clock } = makeAnnouncer({
    trackers: [tracker.url],
    hasNoPeers: () => lonely,
  });
  announcer.start();
  await clock.untilAsleep();
  clock.wake();
  await clock.untilAsleep();
  assert.deepEqual(clock.sleeps, [2000, 2000], "no rest to wait for while it is lonely");
  lonely = false;
  clock.wake();
  await clock.untilAsleep();
  clock.wake();
  assert.equal(await clock.untilAsleep(), 28_000);
  await announcer.stop();
});

Deno.test("Announcer: comes back within a fraction of a second where our tracker says so, but not at once", async () => {
  await using tracker = startTracker([
    reply({ interval: 1, "min interval": 1, "interval ms": 300 }),
    reply({ interval: 1, "min interval": 1, "interval ms": 1 }),
  ]);
  const { announcer, clock } = makeAnnouncer({ trackers: [tracker.url] });
  announcer.start();
  assert.equal(await clock.untilAsleep(), 300);
  clock.wake();
  assert.equal(await clock.untilAsleep(), 200);
  await announcer.stop();
});

Deno.test("Announcer: asks the next tracker after a failure, with growing pauses", async () => {
  await using bad = startTracker([() => new Response(null, { status: 500 })]);
  await using good = startTracker([() => new Response("no bencode"), reply()]);
  const { announcer, clock, failures } = makeAnnouncer({ trackers: [bad.url, good.url] });
  announcer.start();
  const pauses = [];
  for (let turn = 0; turn < 4; turn++) {
    pauses.push(await clock.untilAsleep());
    clock.wake();
  }
  await announcer.stop();
  assert.deepEqual(pauses, [500, 1000, 2000, 2000]);
  assert.equal(failures.length, 3);
  assert.deepEqual(bad.events(), ["started", "started"]);
  assert.deepEqual(good.events().slice(0, 2), ["started", "started"], "until one has heard it");
});

Deno.test("Announcer: refusals, endless and nonsensical answers are failures like any other", async () => {
  const endless = () =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) }),
    );
  const answers: Answer[] = [
    reply({ interval: "x" }),
    () => new Response(new Uint8Array(bencode.encode({ "failure reason": "full" }))),
    () => new Response("l-3:ee"),
    endless,
    () => Response.redirect("http://127.0.0.1:1/"),
    reply({ peers6: new Uint8Array([...new Array(15).fill(0), 1, 0, 80]) }),
  ];
  await using tracker = startTracker(answers);
  const { announcer, clock, failures, peers } = makeAnnouncer({ trackers: [tracker.url] });
  announcer.start();
  for (let turn = 0; turn < 6; turn++) {
    await clock.untilAsleep();
    if (turn < 5) clock.wake();
  }
  await announcer.stop();
  assert.equal(failures.length, 5);
  assert.match(failures[1] ?? "", /refused: full!$/);
  assert.deepEqual(peers, ["10.0.0.1:6881", "[::1]:80"]);
});

Deno.test("Announcer: without a tracker that knows it, it ends without a farewell", async () => {
  const { announcer, clock } = makeAnnouncer({ trackers: ["http://127.0.0.1:1/announce"] });
  announcer.start();
  await clock.untilAsleep();
  await announcer.stop();
  const none = makeAnnouncer({});
  none.announcer.start();
  await none.announcer.stop();
});

Deno.test("Announcer: goes back to the first tracker that answers, and takes leave of the other", async () => {
  let isUp = false;
  await using first = startTracker([
    () => isUp ? reply()() : new Response(null, { status: 503 }),
  ]);
  await using second = startTracker([reply()]);
  const { announcer, clock } = makeAnnouncer({ trackers: [first.url, second.url] });
  announcer.start();
  /** Lets pauses pass, half a minute each, until it is so. */
  const until = async (isSo: () => boolean) => {
    for (let pauses = 0; pauses < 20; pauses++) {
      clock.now += 31_000;
      clock.wake();
      await clock.untilAsleep();
      if (isSo()) return;
    }
    assert.fail(`${first.events()} at the first, ${second.events()} at the second`);
  };
  await clock.untilAsleep();
  await until(() => second.events().length > 0);
  await until(() => first.events().length > 1);
  assert.deepEqual(first.events(), ["started", "started"], "tried again, in vain");
  isUp = true;
  await until(() => second.events().includes("stopped"));
  assert.equal(first.events().at(-1), "started");
  const { length } = second.events();
  await until(() => first.events().at(-1) === null);
  assert.equal(second.events().length, length, "and stays there");
  await announcer.stop();
  assert.equal(first.events().at(-1), "stopped");
});

Deno.test("Announcer: says which stripes it has, and reads which it is to bring in", async () => {
  await using tracker = startTracker([
    reply({ stripes: new TextEncoder().encode("1,4:4:1") }),
    reply({ stripes: new TextEncoder().encode("1,77:4:1") }),
    reply(),
  ]);
  const duties: unknown[] = [];
  let stripes: readonly number[] = [];
  const { announcer, clock } = makeAnnouncer({
    trackers: [tracker.url],
    state: () => ({ uploadedBytes: 1, downloadedBytes: 2, leftBytes: 3, stripes }),
    onReply: ({ duty }) => duties.push(duty),
  });
  announcer.start();
  await clock.untilAsleep();
  stripes = [1, 4];
  while (duties.length < 3) {
    clock.wake();
    await clock.untilAsleep();
  }
  await announcer.stop();
  assert.deepEqual(duties, [{ rack: [1, 4], site: [4], sparesSeeds: true }, undefined, undefined]);
  assert.deepEqual(tracker.queries.slice(0, 2).map((query) => query.get("stripes")), ["", "1,4"]);
});

Deno.test("Announcer: says what it received by distance and that it keeps to the reach, and reads how far it is to fetch from", async () => {
  const words = ["rack", "site", "everywhere", "elsewhere"];
  await using tracker = startTracker(
    words.map((word) => reply({ reach: new TextEncoder().encode(word) })),
  );
  const reaches: unknown[] = [];
  const { announcer, clock } = makeAnnouncer({
    trackers: [tracker.url],
    state: () => ({
      uploadedBytes: 1,
      downloadedBytes: 2,
      leftBytes: 3,
      received: { rackBytes: 10, siteBytes: 20, remoteBytes: 30 },
    }),
    keepsReach: true,
    onReply: ({ reach }) => reaches.push(reach),
  });
  announcer.start();
  await clock.untilAsleep();
  while (reaches.length < words.length) {
    clock.wake();
    await clock.untilAsleep();
  }
  await announcer.stop();
  assert.deepEqual(reaches, ["rack", "site", "everywhere", undefined]);
  const [query] = tracker.queries;
  assert.deepEqual(
    ["rack_bytes", "site_bytes", "remote_bytes", "keeps_reach"].map((key) => query?.get(key)),
    ["10", "20", "30", "1"],
  );
});
