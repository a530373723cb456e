import assert from "node:assert/strict";
import { spawnProbe } from "../../../../../actors/runtime/mod.ts";
import { recorder, supervised, withSystem } from "../fixture.ts";

Deno.test("G13: an actor waits for its onStop, up to the deadline, then it is abandoned", () =>
  withSystem(async ({ system, clock, logged }) => {
    const ends: string[] = [];
    const slow = (name: string, takesMs: number) =>
      recorder<string>([], {
        stopDeadlineMs: 1_000,
        onStop: () =>
          new Promise<void>((resolve) => {
            clock.after(takesMs, () => {
              ends.push(name);
              resolve();
            });
          }),
      });
    const probe = spawnProbe(system);
    for (const [name, takesMs] of [["in-time", 900], ["late", 1_500]] as const) {
      const ref = system.spawn(name, slow(name, takesMs));
      probe.watch(ref);
      await clock.settle();
      system.stopActor(ref);
    }
    await clock.advance(899);
    assert.deepEqual(probe.signals, []);
    await clock.advance(1);
    assert.equal(probe.signals.length, 1);
    assert.equal(system.counters.abandoned, 0);
    await clock.advance(100);
    assert.equal(probe.signals.length, 2);
    assert.equal(system.counters.abandoned, 1);
    assert.ok(logged.includes("actor abandoned: onStop missed its deadline"));
    assert.deepEqual(ends, ["in-time"]);
  }));

Deno.test("G11: a clean-up that missed its deadline does not disturb the next incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const child = supervised(
      system,
      recorder<string>([], {
        stopDeadlineMs: 10,
        init: () => (log.push("init"), 0),
        onStop: () => new Promise<void>((resolve) => clock.after(500, resolve)),
      }),
    );
    child.tell("crash");
    await clock.advance(1_000);
    assert.deepEqual(log, ["init", "init"]);
    assert.equal(system.tree()[0]?.children[0]?.status, "running");
    assert.equal(system.counters.abandoned, 1);
  }));

Deno.test("G11: a late clean-up does not cut short that of a later incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const cleanUpsMs = [500, 80];
    const child = supervised(
      system,
      recorder<string>([], {
        stopDeadlineMs: 100,
        init: () => (log.push(`start at ${clock.nowMs()}`), 0),
        onStop: () => new Promise<void>((resolve) => clock.after(cleanUpsMs.shift() ?? 0, resolve)),
      }),
    );
    child.tell("crash");
    await clock.advance(450);
    child.tell("crash");
    await clock.advance(1_000);
    // The first clean-up is over at 500, the second one at 530; then comes the wait.
    assert.deepEqual(log, ["start at 0", "start at 200", "start at 730"]);
  }));
