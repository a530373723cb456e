import assert from "node:assert/strict";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { Ensemble } from "./ensemble.ts";
import { Network, type NetworkStream } from "./network.ts";
import { RandomStream } from "./random.ts";
import { ProcessClock, VirtualTime } from "./virtual_time.ts";

Deno.test("ensemble: a change rests on what its client had read, and not on what it asks for meanwhile", async () => {
  // Regression: a reading that was sent behind a transaction was noted before that was looked at, so who had been admitted
  // just when another host's session ended was taken to have known of that.
  const time = new VirtualTime();
  const random = new RandomStream(1);
  const network = new Network(time, random.fork("network"));
  const known: number[] = [];
  const changes: string[] = [];
  const ensemble = new Ensemble({
    time,
    network,
    random: random.fork("ensemble"),
    serverCount: 3,
    observer: {
      changed: ({ kind, readings }) => {
        changes.push(kind);
        if (readings !== null) known.push(readings.appliedAt("/"));
      },
    },
  });
  const clock = new ProcessClock(time, { offsetMs: 0 });
  const streams = new Set<NetworkStream>();
  const zookeeper = new ZooKeeper(ensemble.connectString, {
    clock,
    random: () => 0.5,
    dial: ensemble.dialFor({ place: "web-1", clock }, streams),
  });
  let isDone = false;
  const done = (async () => {
    await zookeeper.create("/a");
    await zookeeper.multiRead([{ kind: "get", path: "/" }]);
    const written = zookeeper.create("/b");
    const read = zookeeper.multiRead([{ kind: "get", path: "/" }]);
    await Promise.all([written, read]);
    await zookeeper.create("/c");
    isDone = true;
  })();
  await time.run({ untilMs: 10_000, isOver: () => isDone, onMoment() {} });
  clock.kill();
  await done;
  // The session's begin is the first change, and /a the second.
  assert.deepEqual(changes, ["open_session", "request", "request", "request"]);
  assert.deepEqual(known, [Number.POSITIVE_INFINITY, 2, 3]);
});
