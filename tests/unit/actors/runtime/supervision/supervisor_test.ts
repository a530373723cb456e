import assert from "node:assert/strict";
import {
  ActorError,
  type ActorRef,
  ask,
  startChild,
  supervisor,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("supervisor starts and stops children at run time", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const ref = system.spawn("supervisor", supervisor({ backoff: { jitter: 0 } }));
    const options = { timeoutMs: 1_000 };
    const started = await ask(ref, startChild("dynamic", recorder(seen)), options);
    assert.ok(started.ok);
    started.ref.tell("one");
    const again = await ask(ref, startChild("dynamic", recorder(seen)), options);
    assert.ok(!again.ok && again.error.code === "name_taken");
    started.ref.tell("crash");
    await clock.settle();
    const stop = (name: string) =>
      ask<typeof ref extends ActorRef<infer M> ? M : never, boolean>(
        ref,
        (replyTo) => ({ type: "stop_child", name, replyTo }),
        options,
      );
    assert.equal(await stop("dynamic"), true, "also while it waits for its restart");
    await clock.advance(10_000);
    assert.equal(await stop("dynamic"), false);
    assert.equal(started.ref.tell("two"), "stopped");
    assert.deepEqual(seen, ["one"]);
  }));

Deno.test("supervisor refuses settings that make no sense", () => {
  for (
    const options of [
      { intensity: { maxRestarts: -1 } },
      { intensity: { withinMs: 0 } },
      { backoff: { jitter: 2 } },
      { backoff: { initialMs: 10, maxMs: 5 } },
      { backoff: { factor: 0.5 } },
    ]
  ) {
    assert.throws(
      () => supervisor(options),
      (error) => error instanceof ActorError && error.code === "invalid_option",
    );
  }
});
