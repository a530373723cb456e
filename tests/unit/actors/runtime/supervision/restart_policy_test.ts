import assert from "node:assert/strict";
import { ActorError, type ActorRef, supervisor } from "../../../../../actors/runtime/mod.ts";
import {
  backoffDelayMs,
  DEFAULT_RESTART_BACKOFF,
} from "../../../../../actors/runtime/supervision/restart_policy.ts";
import { recorder, withSystem } from "../fixture.ts";
import { family } from "./family.ts";

Deno.test("G19: a wait of 0 stays one, however often a child is restarted", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const refs: ActorRef<string>[] = [];
    system.spawn(
      "supervisor",
      supervisor({
        intensity: { maxRestarts: 10_000 },
        backoff: { initialMs: 0, maxMs: 1 },
        children: (scope) => void refs.push(scope.child("child", recorder(seen))),
      }),
    );
    for (let count = 0; count < 1_100; count++) {
      refs[0]?.tell("crash");
      await clock.advance(0);
    }
    refs[0]?.tell("still there");
    await clock.settle();
    assert.deepEqual(seen, ["still there"]);
  }));

Deno.test("G18: a sustained intensity is wider than that of bursts", () => {
  const intensity = { maxRestarts: 5, withinMs: 60_000 };
  for (
    const sustained of [
      { maxRestarts: 5, withinMs: 3_600_000 },
      { maxRestarts: 30, withinMs: 60_000 },
      { maxRestarts: 30.5, withinMs: 3_600_000 },
      { maxRestarts: 30, withinMs: Infinity },
    ]
  ) {
    assert.throws(
      () => supervisor({ intensity: { ...intensity, sustained } }),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }
});

Deno.test("G19: the wait doubles up to its limit, jitter only shortens, a long run resets it", () =>
  withSystem(async (fixture) => {
    const { clock } = fixture;
    const { tell, take } = family(fixture, ["a"], {
      intensity: { maxRestarts: 100 },
      backoff: { initialMs: 100, maxMs: 300, jitter: 0, resetAfterMs: 5_000 },
    });
    take();
    for (const waitMs of [100, 200, 300, 300]) {
      tell("a", "crash");
      await clock.advance(waitMs - 1);
      assert.deepEqual(take(), ["stop a failed"]);
      await clock.advance(1);
      assert.deepEqual(take(), ["start a"]);
    }
    await clock.advance(5_000);
    tell("a", "crash");
    await clock.advance(100);
    assert.deepEqual(take(), ["stop a failed", "start a"]);
    const waits = [0, 0.5, 0.999].map((next) =>
      backoffDelayMs(DEFAULT_RESTART_BACKOFF, 20, { next: () => next })
    );
    assert.deepEqual(waits, [30_000, 27_000, 30_000 * (1 - 0.2 * 0.999)]);
  }));
