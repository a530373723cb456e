import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  ActorSystem,
  ask,
  spawnProbe,
  type StopReason,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "./fixture.ts";

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

Deno.test("G24: what is thrown or rejected on the side never leaks out of the runtime", () =>
  withSystem(async ({ system, clock, logged }) => {
    const bad = (): never => {
      throw new Error("bad");
    };
    const rejects = () => Promise.reject(new Error("rejected"));
    const probe = spawnProbe(system);
    const make = (init: (context: ActorContext<string>) => void) =>
      recorder<string>([], { init: (context) => (init(context), 0) });
    const failing = [
      // A mapping that throws fails the actor; a task or a clean-up that does never does.
      make((context) => context.pipeToSelf(() => Promise.resolve(), { ok: bad, error: bad })),
      make((context) => context.pipeToSelf(rejects, { ok: bad, error: bad })),
      make((context) => context.pipeToSelf(bad, { ok: bad, error: bad })),
      make((context) => void context.adapt(bad).tell("any")),
      make((context) =>
        context.ask(probe.ref, bad, { timeoutMs: 1, ok: () => "ok", error: () => "error" })
      ),
      make((context) =>
        context.ask<unknown, string>(probe.ref, (replyTo) => replyTo, {
          timeoutMs: 1,
          ok: bad,
          error: bad,
        })
      ),
    ];
    failing.forEach((definition, index) => system.spawn(`failing-${index}`, definition));
    const cleaning = [bad, rejects, () => rejects().finally(bad)];
    const cleaners = cleaning.map((onStop, index) =>
      system.spawn(`cleaner-${index}`, recorder<string>([], { onStop }))
    );
    await clock.advance(10);
    for (const cleaner of cleaners) system.stopActor(cleaner);
    await clock.settle();
    assert.equal(system.counters.failures, failing.length);
    assert.equal(system.counters.actors, 1);
    const cleanUps = logged.filter((message) => message === "actor failed to clean up");
    assert.equal(cleanUps.length, cleaning.length);
  }));
