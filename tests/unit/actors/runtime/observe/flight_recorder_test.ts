import assert from "node:assert/strict";
import {
  ActorSystem,
  type FlightEvent,
  spawnProbe,
  supervisor,
  VirtualClock,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G35: the flight recorder keeps the last events, and hands them out when a failure stops the system", async () => {
  const clock = new VirtualClock();
  const records: (readonly FlightEvent[])[] = [];
  const failures: string[] = [];
  const system = ActorSystem.create({
    name: "flight",
    clock,
    flightRecorder: {
      capacity: 6,
      sink(events, { path, error }) {
        records.push(events);
        failures.push(`${path}: ${error}`);
      },
    },
  });
  const actor = system.spawn("actor", recorder<string>([]));
  for (let count = 0; count < 10; count++) {
    system.stopActor(system.spawn(`other${count}`, recorder<string>([])));
  }
  await clock.settle();
  actor.tell("crash");
  actor.tell("waiting");
  await system.terminated;
  assert.deepEqual(failures, ["/actor: Error: crash"]);
  assert.equal(records.length, 1);
  const events = records[0] ?? [];
  assert.equal(events.length, 6);
  const shown = events.map((event) => `${event.type} ${"reason" in event ? event.reason : "-"}`);
  assert.deepEqual(shown.slice(-4), [
    "dead_letter failed",
    "failed -",
    "ended failed",
    "dead_letter stopped",
  ]);
  assert.ok(events.slice(-4).every(({ path }) => path === "/actor"));
  const numbers = events.map(({ number }) => number);
  assert.deepEqual(numbers, numbers.map((_, index) => (numbers[0] ?? 0) + index));
});

Deno.test("G35: the flight recorder tells restarts from starts, and may be off", () =>
  withSystem(async ({ system, clock }) => {
    const child = recorder<string>([], {
      init: (context) => (context.timers.after("crash", 100, "crash"), 0),
    });
    system.spawn("supervisor", supervisor({ children: (scope) => void scope.child("a", child) }));
    await clock.advance(250);
    const types = system.flightRecord().map(({ type, path }) => `${type} ${path}`);
    assert.deepEqual(
      types,
      [
        "started ",
        "started /supervisor",
        "started /supervisor/a",
        "dead_letter /supervisor/a",
        "failed /supervisor/a",
        "restarted /supervisor/a",
      ].filter((line) => !line.startsWith("dead_letter") || types.includes(line)),
    );
    const off = ActorSystem.create({ name: "off", clock, flightRecorder: { capacity: 0 } });
    spawnProbe(off);
    assert.deepEqual(off.flightRecord(), []);
    const stopped = off.stop();
    await clock.settle();
    await stopped;
  }));
