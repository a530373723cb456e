import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  type ActorRef,
  type MessageHooks,
  type ReplyTo,
  supervisor,
  type TraceEvent,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

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
