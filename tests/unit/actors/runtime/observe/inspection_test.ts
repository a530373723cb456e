/** Looking inside a system: the tree, rates, traces, the flight recorder, hooks for tracers. */

import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  type ActorRef,
  ActorSystem,
  type FlightEvent,
  type MessageHooks,
  Observer,
  type ReplyTo,
  spawnProbe,
  supervisor,
  type TraceEvent,
  VirtualClock,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G33: the tree shows what a definition says of its state, whatever that throws", () =>
  withSystem(async ({ system, clock }) => {
    const summarize = (handled: number) => {
      if (handled > 1) throw new Error("too much to say");
      return { handled };
    };
    const actor = system.spawn("actor", recorder<string>([], { summarize }));
    system.spawn("silent", recorder<string>([]));
    const summaries = () => system.tree().map(({ summary }) => summary);
    assert.deepEqual(summaries(), [{ handled: 0 }, null]);
    actor.tell("a");
    await clock.settle();
    assert.deepEqual(summaries(), [{ handled: 1 }, null]);
    actor.tell("b");
    await clock.settle();
    assert.deepEqual(summaries(), [{ error: "Error: too much to say" }, null]);
    assert.equal(system.counters.failures, 0);
  }));

Deno.test("G33: the tree shows how long a message takes", async () => {
  // A clock that moves by a millisecond whenever it is read.
  let nowMs = 0;
  const virtual = new VirtualClock();
  const clock = {
    wallTimeMs: () => nowMs,
    nowMs: () => nowMs++,
    after: virtual.after.bind(virtual),
    nextTurn: virtual.nextTurn.bind(virtual),
  };
  const system = ActorSystem.create({ name: "slow", clock });
  const actor = system.spawn("actor", recorder<number>([]));
  for (let message = 0; message < 100; message++) actor.tell(message);
  await virtual.settle();
  const [snapshot] = system.tree();
  assert.ok(snapshot?.msPerMessage && snapshot.msPerMessage > 0.01, `${snapshot?.msPerMessage}`);
  await system.stop();
});

Deno.test("G33: an observer says what each actor did since it looked last", () =>
  withSystem(async ({ system, clock }) => {
    const observer = new Observer(system);
    const actor = system.spawn("actor", recorder<string>([]));
    const rates = () => observer.look().map(({ handledPerSecond }) => handledPerSecond);
    assert.deepEqual(rates(), [null]);
    for (let count = 0; count < 10; count++) actor.tell("a");
    await clock.advance(2_000);
    assert.deepEqual(rates(), [5]);
    await clock.advance(1_000);
    assert.deepEqual(rates(), [0]);
    assert.deepEqual(new Observer(system).look().map((one) => one.handledPerSecond), [null]);
  }));

Deno.test("G34: a trace shows what an actor handles, and its failures, until it is ended", () =>
  withSystem(async ({ system, clock }) => {
    const traced: string[] = [];
    const show = ({ path, handled, failure }: TraceEvent): void => {
      const what = handled.type === "message" ? handled.message : handled.signal.type;
      traced.push(`${path}: ${what}${failure === undefined ? "" : ` (${failure.error})`}`);
      throw new Error("a listener's own trouble");
    };
    const watched = system.spawn("watched", recorder<string>([]));
    const actor = system.spawn(
      "actor",
      recorder<string>([], {
        init: (context: ActorContext<string>) => (context.watch(watched), 0),
        onSignal: (state) => state,
      }),
    );
    const end = system.trace(actor, show);
    actor.tell("a");
    system.stopActor(watched);
    await clock.settle();
    end();
    actor.tell("b");
    await clock.settle();
    system.trace(actor, show);
    actor.tell("crash");
    await clock.settle();
    assert.deepEqual(traced, [
      "/actor: a",
      "/actor: terminated",
      "/actor: crash (Error: crash)",
    ]);
    assert.throws(
      () => system.trace({ path: "foreign", tell: () => "accepted" }, show),
      (error) => error instanceof ActorError && error.code === "not_watchable",
    );
  }));

Deno.test("G34: hooks carry what a tracer needs from tell to handling", async () => {
  let current = "outside";
  const spans: string[] = [];
  const messageHooks: MessageHooks = {
    onTell: () => current,
    onHandle({ by, message, carried }, handle) {
      spans.push(`${carried} -> ${by}: ${message}`);
      const before = current;
      current = by;
      handle();
      current = before;
    },
  };
  await withSystem(async ({ system, clock }) => {
    const last = system.spawn("last", recorder<string>([]));
    const first = system.spawn("first", {
      init: () => 0,
      receive: (state: number, message: string) => (last.tell(`${message}!`), state),
    });
    first.tell("a");
    await clock.settle();
    assert.deepEqual(spans, ["outside -> /first: a", "/first -> /last: a!"]);
  }, { messageHooks });
});

Deno.test("G34: hooks follow adapters, outcomes and what was put aside; nobody tells a tick", async () => {
  let current = "outside";
  const seen: string[] = [];
  const messageHooks: MessageHooks = {
    onTell: () => current,
    onHandle({ message, carried }, handle) {
      const what = typeof message === "string" ? message : "question";
      seen.push(`${carried}: ${what}`);
      current = `by ${what}`;
      handle();
      current = "outside";
    },
  };
  await withSystem(async ({ system, clock }) => {
    let answered = 0;
    const answerer = system.spawn("answerer", {
      init: () => null,
      receive(state: null, { replyTo }: { readonly replyTo: ReplyTo<number> }) {
        replyTo.tell(++answered);
        return state;
      },
      name: "answerer",
    });
    let adapter: ActorRef<number> | undefined;
    const actor = system.spawn("actor", {
      init(context: ActorContext<string>) {
        adapter = context.adapt((count: number) => `adapted ${count}`);
        context.timers.after("tick", 10, "tick");
        return false;
      },
      receive(released: boolean, message: string, context: ActorContext<string>) {
        if (message === "hold" && !released) context.stash.hold();
        if (message === "release") context.stash.release();
        if (message === "work") {
          const outcome = (): string => "worked";
          context.pipeToSelf(() => Promise.resolve(), { ok: outcome, error: outcome });
          context.ask(answerer, (replyTo: ReplyTo<number>) => ({ replyTo }), {
            timeoutMs: 1,
            ok: (count) => `answer ${count}`,
            error: () => "none",
          });
        }
        return released || message === "release";
      },
    });
    actor.tell("hold");
    actor.tell("work");
    adapter?.tell(1);
    await clock.settle();
    current = "later";
    actor.tell("release");
    await clock.advance(10);
    assert.deepEqual(seen, [
      "outside: hold",
      "outside: work",
      "outside: adapted 1",
      "by work: question",
      "by question: answer 1",
      "outside: worked",
      "later: release",
      // What it carried the first time is not lost.
      "outside: hold",
      "undefined: tick",
    ]);
  }, { messageHooks });
});

Deno.test("G34: a hook learns what the actor threw", async () => {
  const failures: unknown[] = [];
  const messageHooks: MessageHooks = {
    onTell: () => undefined,
    onHandle: (_handling, handle) => void failures.push(handle()?.error),
  };
  await withSystem(async ({ system, clock }) => {
    const actor = system.spawn("actor", recorder<string>([]));
    actor.tell("a");
    actor.tell("crash");
    await clock.settle();
    assert.deepEqual(failures.map(String), ["undefined", "Error: crash"]);
  }, { messageHooks });
});

Deno.test("G34: an actor is traced by its path too, if there is one", () =>
  withSystem(async ({ system, clock }) => {
    const seen: string[] = [];
    const child = recorder<string>([]);
    let inner: ActorRef<string> | undefined;
    system.spawn(
      "outer",
      supervisor({ children: (scope) => void (inner = scope.child("inner", child)) }),
    );
    const end = system.trace("/outer/inner", ({ path }) => void seen.push(path));
    inner?.tell("crash");
    await clock.advance(1_000);
    inner?.tell("after its restart");
    await clock.settle();
    end();
    inner?.tell("unseen");
    await clock.settle();
    assert.deepEqual(seen, ["/outer/inner", "/outer/inner"]);
    for (const path of ["/outer/other", "/outer/inner/x", "outer/inner", "", "/"]) {
      assert.throws(
        () => system.trace(path, () => {}),
        (error) => error instanceof ActorError && error.code === "no_such_actor",
        path,
      );
    }
  }));

Deno.test("G34: hooks that throw, or do not handle, lose no message", async () => {
  const onTell = (): never => {
    throw new Error("bad");
  };
  for (
    const messageHooks of [
      { onTell, onHandle: () => {} },
      { onTell: () => 1, onHandle: onTell },
      { onTell: () => 1, onHandle: () => {} },
      {
        onTell: () => 1,
        onHandle(_handling: unknown, handle: () => void): void {
          handle();
          handle();
        },
      },
    ]
  ) {
    await withSystem(async ({ system, clock, deadLetters }) => {
      const seen: string[] = [];
      const actor = system.spawn("actor", recorder(seen, { mailbox: { capacity: 3 } }));
      for (const message of ["a", "b", "crash", "c"]) actor.tell(message);
      await clock.settle();
      assert.deepEqual(seen, ["a", "b"]);
      assert.deepEqual(deadLetters.map(({ message }) => message), ["c", "crash"]);
    }, { messageHooks });
  }
});

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
