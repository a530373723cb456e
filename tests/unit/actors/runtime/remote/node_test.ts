import assert from "node:assert/strict";
import { ActorSystem, sleep, VirtualClock } from "../../../../../actors/runtime/mod.ts";
import { type ByteStream, RemoteNode } from "../../../../../actors/runtime/remote/mod.ts";
import { desk, deskActor, note, URL_THERE, withNodes } from "./fixture.ts";
import { Mallory } from "./mallory.ts";
import { MemoryNetwork } from "./network.ts";

Deno.test("R12: a node ends with its system, and its references with it", () =>
  withNodes(async ({ clock, network, here, there, peer, place }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    await clock.settle();
    const stopped = here.system.stop();
    await clock.settle();
    await stopped;
    assert.equal(ref.tell(note("x")), "stopped");
    assert.equal(there.node.status.connections, 0);
    assert.throws(() => here.node.connect(URL_THERE), { code: "node_closed" });
    assert.throws(() => here.node.export(desk, ref), { code: "node_closed" });
    // One that cannot be written to does not hold up the stop.
    const other = place("other");
    other.node.connect(URL_THERE);
    await clock.settle();
    network.stuck = true;
    const slow = other.system.stop();
    await clock.advance(500);
    await slow;
    network.stuck = false;
  }));

Deno.test("R11: a node takes so many connections and no more", () =>
  withNodes(async (fixture) => {
    const { clock, there } = fixture;
    const others = [await Mallory.dial(fixture), await Mallory.dial(fixture)];
    await clock.settle();
    assert.deepEqual(others.map(({ closed }) => closed), [false, true]);
    assert.equal(there.node.status.refused, 1);
  }, { connections: 2 }));

Deno.test("R11: one address takes its share of connections and no more", async () => {
  const network = new MemoryNetwork();
  const clock = new VirtualClock();
  const system = ActorSystem.create({ name: "test", clock });
  const arrivals: ByteStream[] = [];
  let wake = (): void => {};
  const node = RemoteNode.create({
    system,
    limits: { connections: 5, connectionsPerAddress: 2 },
    transport: {
      dial: (url, signal) => network.dial(url, signal),
      listen: (url) => ({
        ...network.listen(url),
        async accept() {
          while (arrivals.length === 0) await new Promise<void>((resolve) => wake = resolve);
          return arrivals.shift() as ByteStream;
        },
        close: () => {},
      }),
    },
  });
  node.listen("tcp://guarded:1");
  const closed: string[] = [];
  const hangUps: (() => void)[] = [];
  const connect = async (hostname: string): Promise<void> => {
    const ended = Promise.withResolvers<null>();
    hangUps.push(() => ended.resolve(null));
    arrivals.push({
      read: () => ended.promise,
      write: (bytes) => Promise.resolve(bytes.length),
      close: () => {
        closed.push(hostname);
        ended.resolve(null);
      },
      remoteAddr: { transport: "tcp", hostname, port: 1 },
    });
    wake();
    await clock.settle();
  };
  for (const hostname of ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"]) await connect(hostname);
  assert.deepEqual(closed, ["10.0.0.1"], "the third of the first");
  assert.equal(node.status.connections, 3);
  // What has gone makes room again.
  hangUps[0]?.();
  await clock.settle();
  await connect("10.0.0.1");
  assert.equal(node.status.connections, 3);
  assert.equal(node.status.refused, 1);
  const stopped = system.stop();
  for (const hangUp of hangUps) hangUp();
  wake();
  arrivals.push({
    read: () => Promise.resolve(null),
    write: () => Promise.resolve(0),
    close: () => {},
  });
  await clock.advance(1_000);
  await stopped;
});

/** A logger that keeps what is told at warning level. */
function recording() {
  const warnings: string[] = [];
  const ignore = (): void => {};
  const log = {
    debug: ignore,
    info: ignore,
    warn: (message: string) => void warnings.push(message),
    error: ignore,
  };
  return { warnings, log };
}

Deno.test("RemoteNode tells of hostile connections now and then, with their number", () =>
  withNodes(async (fixture) => {
    const { warnings, log } = recording();
    const guarded = fixture.place("guarded", { log });
    guarded.node.listen("tcp://guarded:1");
    for (let round = 0; round < 300; round++) {
      const mallory = await Mallory.dial(fixture, "tcp://guarded:1");
      mallory.sendText("no JSON");
      await fixture.clock.settle();
      assert.ok(mallory.closed);
    }
    assert.equal(guarded.node.status.violations, 300);
    assert.equal(warnings.length, 9, "at 1, 2, 4 … 256");
  }));

Deno.test("RemoteNode survives that no connection can be taken, and does not fill the log", async () => {
  const { warnings, log } = recording();
  const clock = new VirtualClock();
  const system = ActorSystem.create({ name: "test", clock, log });
  let failures = 0;
  const node = RemoteNode.create({
    system,
    transport: {
      dial: () => Promise.reject(new Error("not dialled")),
      listen: (url) => ({
        url,
        // What a process without a free file descriptor gets.
        accept: () => {
          failures++;
          return sleep(clock, 1).then(() => Promise.reject(new Error("EMFILE")));
        },
        close() {},
      }),
    },
  });
  node.listen("tcp://busy:1");
  await clock.advance(60_000);
  assert.ok(failures > 500, `${failures} failures`);
  assert.ok(warnings.length <= 10, `${warnings.length} records`);
  const stopped = system.stop();
  await clock.advance(1_000);
  await stopped;
});
