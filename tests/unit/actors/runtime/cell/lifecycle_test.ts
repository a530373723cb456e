import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  ActorError,
  type ActorRef,
  ActorSystem,
  ask,
  spawnProbe,
  type StopReason,
  Topic,
  VirtualClock,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

/** An actor with these children, which logs its start and its end. */
function logging(
  log: string[],
  children: Record<string, ActorDefinition<number, string>> = {},
): ActorDefinition<number, string> {
  return recorder<string>([], {
    init(context) {
      log.push(`init ${context.path}`);
      for (const [name, child] of Object.entries(children)) context.spawn(name, child);
      return 0;
    },
    onStop: (_state, context, reason) => void log.push(`stop ${context.path} ${reason.kind}`),
  });
}

Deno.test("G8: spawn returns when init has run, and children start left to right", () =>
  withSystem(({ system }) => {
    const log: string[] = [];
    system.spawn("p", logging(log, { a: logging(log, { x: logging(log) }), b: logging(log) }));
    assert.deepEqual(log, ["init /p", "init /p/a", "init /p/a/x", "init /p/b"]);
  }));

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

Deno.test("G13: what an abandoned clean-up does through its context has no effect", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const late: unknown[] = [];
    const actor = system.spawn(
      "actor",
      recorder<string>([], {
        stopDeadlineMs: 10,
        async onStop(_state, context) {
          await new Promise<void>((resolve) => clock.after(100, resolve));
          const child = context.spawn("child", recorder<string>([]));
          late.push(child.tell("one"), context.self.tell("two"), context.adapt(String).tell(3));
          context.timers.after("late", 1, "tick");
          context.pipeToSelf(() => Promise.resolve(), { ok: () => "done", error: () => "failed" });
          context.watch(context.self);
          context.stopSelf();
          late.push(context.signal.aborted, context.timers.isActive("late"));
        },
      }),
    );
    system.stopActor(actor);
    await clock.advance(200);
    assert.deepEqual(late, ["stopped", "stopped", "stopped", true, false]);
    assert.deepEqual(deadLetters.map(({ message }) => message), ["one", "two", 3]);
    assert.deepEqual(system.tree(), []);
  }));

Deno.test("G14: whatever an actor started ends with it", () =>
  withSystem(async ({ system, clock }) => {
    const aborted: string[] = [];
    const topic = new Topic<string>("topic");
    const silent = system.spawn("silent", recorder<{ replyTo: ActorRef<string> }>([]));
    const actor = system.spawn(
      "actor",
      recorder<string>([], {
        init(context) {
          context.signal.addEventListener("abort", () => aborted.push("incarnation"));
          context.timers.every("tick", 10, "tick");
          context.spawn("child", recorder<string>([]));
          topic.subscribe(context.adapt((message: string) => message));
          context.pipeToSelf((signal) =>
            new Promise<string>((_, reject) => {
              signal.addEventListener("abort", () => {
                aborted.push("task");
                reject(signal.reason);
              });
            }), { ok: String, error: String });
          const asking = { timeoutMs: 1_000, ok: String, error: String };
          context.ask(silent, (replyTo) => ({ replyTo }), asking);
          return 0;
        },
      }),
    );
    await clock.advance(25);
    assert.equal(topic.subscriberCount, 1);
    assert.ok(clock.scheduledCount > 0);
    system.stopActor(actor);
    await clock.settle();
    assert.deepEqual(aborted.sort(), ["incarnation", "task"]);
    assert.equal(clock.scheduledCount, 0);
    assert.equal(topic.subscriberCount, 0);
    assert.equal(system.counters.actors, 1);
  }));

Deno.test("G15: a watcher learns once of an actor's end, with the reason", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe(system);
    const crashing = system.spawn("crashing", recorder<string>([]));
    const stopped = system.spawn("stopped", recorder<string>([]));
    for (const ref of [crashing, crashing, stopped]) probe.watch(ref);
    await clock.settle();
    crashing.tell("crash");
    await clock.settle();
    system.stopActor(stopped);
    await clock.settle();
    const reasons = probe.signals.map((signal) => [
      signal.ref.path,
      signal.type === "terminated" ? signal.reason.kind : signal.type,
    ]);
    assert.deepEqual(reasons, [["/crashing", "failed"], ["/stopped", "shutdown"]]);
  }));

Deno.test("G15: watching an actor that has ended gives the signal at once", () =>
  withSystem(async ({ system, clock }) => {
    const gone = system.spawn("gone", recorder<string>([]));
    system.stopActor(gone);
    await clock.settle();
    const probe = spawnProbe(system);
    probe.watch(gone);
    await clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G15: after unwatch no signal comes, not even one that is waiting", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const gone = system.spawn("gone", recorder<string>([]));
    system.stopActor(gone);
    await clock.settle();
    const watcher = system.spawn("watcher", {
      init: () => undefined,
      receive(state: undefined, message: "keep" | "take back", context): undefined {
        // The system message has been sent when watch returns, since that actor is gone already.
        context.watch(gone);
        if (message === "take back") context.unwatch(gone);
        log.push(message);
        return state;
      },
      onSignal: (state, signal) => (log.push(signal.type), state),
    });
    watcher.tell("take back");
    watcher.tell("keep");
    await clock.settle();
    assert.deepEqual(log, ["take back", "keep", "terminated"]);
  }));

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

Deno.test("G9: a failure that a parent takes as a signal ends the child alone", () =>
  withSystem(async ({ system, clock }) => {
    const log: unknown[] = [];
    system.spawn("parent", {
      init: (context: ActorContext<string>) => context.spawn("child", recorder<string>([])),
      receive: (child, message: string) => (child.tell(message), child),
      onSignal(child, signal) {
        log.push(signal.type, signal.ref === child);
        return child;
      },
    }).tell("crash");
    await clock.settle();
    assert.deepEqual(log, ["child_failed", true]);
    assert.equal(system.counters.failures, 1);
    assert.deepEqual(system.tree().map(({ children }) => children.length), [0]);
  }));

Deno.test("G9: a failure that nobody takes climbs to the root, which stops the system", async () => {
  const clock = new VirtualClock();
  const failures: string[] = [];
  const system = ActorSystem.create({
    name: "root",
    clock,
    onFailure({ path, error }) {
      assert.ok(error instanceof ActorError && error.code === "child_failed");
      assert.match(String(error.cause), /crash/);
      failures.push(path);
      return "stop";
    },
  });
  const forward = recorder<string>([], {
    init: (context) => (context.spawn("child", recorder<string>([])).tell("crash"), 0),
  });
  system.spawn("parent", forward);
  const other = system.spawn("other", recorder<string>([]));
  const reason: StopReason = await system.terminated;
  assert.deepEqual(failures, ["/parent"]);
  assert.equal(reason.kind, "failed");
  assert.equal(other.tell("late"), "stopped");
  assert.equal(system.counters.actors, 0);
  assert.throws(
    () => system.spawn("again", forward),
    (error) => error instanceof ActorError && error.code === "system_stopped",
  );
});

Deno.test("G9: an actor that watches but takes no signals fails when the watched one ends", () =>
  withSystem(async ({ system, clock }) => {
    const watched = system.spawn("watched", recorder<string>([]));
    const ended: StopReason[] = [];
    system.spawn(
      "watcher",
      recorder<string>([], {
        init: (context) => (context.watch(watched), 0),
        onStop: (_state, _context, reason) => void ended.push(reason),
      }),
    );
    system.stopActor(watched);
    await clock.settle();
    const [reason] = ended;
    assert.ok(reason?.kind === "failed" && reason.error instanceof ActorError);
    assert.equal(reason.error.code, "death_pact");
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

Deno.test("ActorSystem.stop called by an actor lets it finish its message", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    system.spawn("actor", {
      init: () => undefined,
      receive(state: undefined, _message: string): undefined {
        system.stop().then(() => log.push("stopped"));
        log.push("finished");
        return state;
      },
      onStop: () => void log.push("onStop"),
    }).tell("stop");
    await clock.settle();
    assert.deepEqual(log, ["finished", "onStop", "stopped"]);
    await system.stop();
  }));

Deno.test("ActorSystem.tree shows the actors as they stand", () =>
  withSystem(async ({ system, clock }) => {
    const child = recorder<string>([], { name: "kind of child" });
    const parent = system.spawn(
      "parent",
      recorder<string>([], { init: (context) => (context.spawn("child", child), 0) }),
    );
    parent.tell("one");
    assert.equal(system.tree()[0]?.mailboxLength, 1);
    await clock.settle();
    const idle = {
      status: "running",
      mailboxLength: 0,
      restarts: 0,
      dropped: 0,
      msPerMessage: null,
      summary: null,
    } as const;
    assert.deepEqual(system.tree(), [{
      ...idle,
      name: "parent",
      kind: "parent",
      path: "/parent",
      handled: 1,
      msPerMessage: 0,
      children: [{
        ...idle,
        name: "child",
        kind: "kind of child",
        path: "/parent/child",
        handled: 0,
        children: [],
      }],
    }]);
    await assert.rejects(ask<string, never>(parent, () => "x", { timeoutMs: 0 }), ActorError);
  }));
