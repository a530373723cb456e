import assert from "node:assert/strict";
import { type ActorRef } from "../../../../../actors/runtime/mod.ts";
import { logging, recorder, supervised, withSystem } from "../fixture.ts";

Deno.test("G12: a stop ends the children right to left, each before its parent", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const parent = logging(log, { a: logging(log, { x: logging(log) }), b: logging(log) });
    const ref = system.spawn("p", parent);
    log.length = 0;
    system.stopActor(ref);
    await clock.settle();
    assert.deepEqual(log, [
      "stop /p/b shutdown",
      "stop /p/a/x shutdown",
      "stop /p/a shutdown",
      "stop /p shutdown",
    ]);
  }));

Deno.test("G12: a child to the left runs until those to its right are gone", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    let left: ActorRef<string> | undefined;
    const parent = system.spawn(
      "parent",
      recorder<string>([], {
        init(context) {
          left = context.spawn("left", recorder(seen));
          context.spawn("right", recorder<string>([], { onStop: () => void left?.tell("bye") }));
          return 0;
        },
      }),
    );
    system.stopActor(parent);
    await clock.settle();
    assert.deepEqual(seen, ["bye"]);
  }));

Deno.test("G12: an actor that stops itself finishes the current message, not those that wait", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const log: string[] = [];
    const actor = system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, message: string, context): undefined {
        context.stopSelf();
        log.push(message, context.self.tell("to myself"));
        return state;
      },
      onStop: (_state, _context, reason) => void log.push(reason.kind),
    });
    actor.tell("one");
    actor.tell("two");
    await clock.settle();
    assert.deepEqual(log, ["one", "stopped", "normal"]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["to myself", "two"]);
  }));

Deno.test("G11: a restart waits for the clean-up of the earlier incarnation", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const child = supervised(
      system,
      recorder<string>([], {
        init: () => (log.push("init"), 0),
        onStop: async () => {
          log.push("stopping");
          await new Promise<void>((resolve) => clock.after(3_000, resolve));
          log.push("stopped");
        },
      }),
    );
    child.tell("crash");
    await clock.advance(2_999);
    assert.deepEqual(log, ["init", "stopping"]);
    await clock.advance(101);
    assert.deepEqual(log, ["init", "stopping", "stopped", "init"]);
  }));
