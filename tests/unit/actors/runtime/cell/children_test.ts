import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  ActorError,
  type ActorRef,
} from "../../../../../actors/runtime/mod.ts";
import { logging, recorder, withSystem } from "../fixture.ts";

/** A parent that spawns its child again, under the same name, when it is told of its end. */
function respawning(log: string[]): ActorDefinition<ActorRef<string>, string> {
  const spawn = (context: ActorContext<string>): ActorRef<string> => {
    const child = context.spawn("child", {
      init: () => log.push("init"),
      receive(state: number, message: string, own) {
        if (message === "crash") throw new Error("crash");
        own.stopSelf();
        return state;
      },
      // Takes until the next turn: an end that is under way for a while.
      onStop: async (life) => {
        await Promise.resolve();
        log.push(`stop ${life}`);
      },
    });
    context.watch(child);
    return child;
  };
  return {
    init(context) {
      const child = spawn(context);
      context.spawn("sibling", recorder([], { onStop: () => void log.push("stop sibling") }));
      return child;
    },
    receive(child, message, context) {
      if (message !== "stop and spawn") {
        child.tell(message);
        return child;
      }
      context.stop(child);
      assert.throws(() => spawn(context), { code: "name_taken" });
      return child;
    },
    onSignal: (child, signal, context) => signal.type === "terminated" ? spawn(context) : child,
  };
}

Deno.test("G8: spawn returns when init has run, and children start left to right", () =>
  withSystem(({ system }) => {
    const log: string[] = [];
    system.spawn("p", logging(log, { a: logging(log, { x: logging(log) }), b: logging(log) }));
    assert.deepEqual(log, ["init /p", "init /p/a", "init /p/a/x", "init /p/b"]);
  }));

Deno.test("G15: a child's name is free when its parent is told of its end, and not before", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const parent = system.spawn("parent", respawning(log));
    for (const end of ["crash", "stop self", "stop and spawn"]) {
      parent.tell(end);
      await clock.settle();
    }
    // The state of a child is the number of the entry that its start made.
    assert.deepEqual(log, ["init", "stop 1", "init", "stop 3", "init", "stop 5", "init"]);
    assert.equal(system.counters.restarts, 0);
  }));

Deno.test("G15: a child under the name of one that has ended is a child like any other", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const parent = system.spawn("parent", respawning(log));
    parent.tell("crash");
    await clock.settle();
    const names = system.tree()[0]?.children.map(({ name, status }) => `${name} ${status}`);
    assert.deepEqual(names, ["sibling running", "child running"], "in the order of their starts");
    log.length = 0;
    system.stopActor(parent);
    await clock.settle();
    assert.deepEqual(log, ["stop 3", "stop sibling"]);
  }));

Deno.test("ActorContext.spawn and stop refuse what cannot be", () =>
  withSystem(async ({ system, clock }) => {
    const codes: unknown[] = [];
    const other = system.spawn("other", recorder<string>([]));
    system.spawn("parent", {
      init(context: ActorContext<string>) {
        context.spawn("twin", recorder<string>([]));
        for (
          const attempt of [
            () => context.spawn("twin", recorder<string>([])),
            () => context.spawn("", recorder<string>([])),
            () => context.spawn("a/b", recorder<string>([])),
            () => context.stop(other),
            () => context.watch({ path: "foreign", tell: () => "accepted" }),
          ]
        ) {
          try {
            attempt();
          } catch (error) {
            codes.push(error instanceof ActorError ? error.code : error);
          }
        }
        return undefined;
      },
      receive: (state: undefined, _message: string) => state,
    });
    await clock.settle();
    assert.deepEqual(codes, [
      "name_taken",
      "invalid_name",
      "invalid_name",
      "not_a_child",
      "not_watchable",
    ]);
  }));

Deno.test("ActorContext.stop frees the child's name when the child is gone", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const actor = system.spawn("parent", {
      init: (context: ActorContext<string>) => context.spawn("child", logging(log)),
      receive(child, message: string, context) {
        if (message === "again") return context.spawn("child", logging(log));
        context.watch(child);
        context.stop(child);
        return child;
      },
      onSignal: (child, _signal, context) => (context.self.tell("again"), child),
    });
    actor.tell("stop");
    await clock.settle();
    assert.deepEqual(log, [
      "init /parent/child",
      "stop /parent/child shutdown",
      "init /parent/child",
    ]);
  }));
