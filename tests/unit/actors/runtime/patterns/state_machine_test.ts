import assert from "node:assert/strict";
import {
  type ActorRef,
  ask,
  type ReplyTo,
  stateMachine,
  supervisor,
} from "../../../../../actors/runtime/mod.ts";
import { withSystem } from "../fixture.ts";

interface Connection {
  readonly connecting: { readonly attempts: number };
  readonly connected: { readonly sent: number };
  readonly closed: undefined;
}
type ConnectionMessage =
  | { readonly type: "opened" }
  | { readonly type: "send"; readonly text: string }
  | { readonly type: "close" }
  | { readonly type: "fail" }
  | { readonly type: "status"; readonly replyTo: ReplyTo<string> };

/** Sends only while connected; what is to be sent before that is postponed. */
function connection(log: string[]) {
  return stateMachine<Connection, ConnectionMessage>()({
    name: "connection",
    transitions: { connecting: ["connecting", "connected"], connected: ["closed"], closed: [] },
    init: () => ({ state: "connecting", data: { attempts: 1 } }),
    states: {
      connecting: {
        enter: ({ attempts }) => void log.push(`attempt ${attempts}`),
        timeout: {
          afterMs: ({ attempts }) => attempts * 100,
          then: ({ attempts }, { to }) => to("connecting", { attempts: attempts + 1 }),
        },
        on: {
          opened: (_data, _message, { to }) => to("connected", { sent: 0 }),
          send: "postpone",
          close: "postpone",
          fail() {
            throw new Error("failed");
          },
          status: (data, { replyTo }, { stay }) => (replyTo.tell("connecting"), stay(data)),
        },
      },
      connected: {
        enter: () => void log.push("connected"),
        on: {
          opened: "ignore",
          send({ sent }, { text }, { stay }) {
            log.push(text);
            return stay({ sent: sent + 1 });
          },
          close: (_data, _message, { to }) => to("closed", undefined),
          fail: "ignore",
          status: (data, { replyTo }, { stay }) => (replyTo.tell(`sent ${data.sent}`), stay()),
        },
      },
      closed: {
        on: {
          opened: "ignore",
          send: (_data, { text }, { stay }) => (log.push(`not ${text}`), stay()),
          close: "ignore",
          fail: "ignore",
          status: (_data, { replyTo }, { stay }) => (replyTo.tell("closed"), stay()),
        },
      },
    },
  });
}

const statusOf = (ref: ActorRef<ConnectionMessage>) =>
  ask(ref, (replyTo) => ({ type: "status", replyTo }), { timeoutMs: 10 });

Deno.test("G29: what a state postpones comes back in the next one, in order and ahead", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const log: string[] = [];
    const ref = system.spawn("connection", connection(log));
    for (const text of ["a", "b"]) ref.tell({ type: "send", text });
    ref.tell({ type: "opened" });
    ref.tell({ type: "send", text: "c" });
    ref.tell({ type: "close" });
    ref.tell({ type: "send", text: "d" });
    await clock.settle();
    assert.deepEqual(log, ["attempt 1", "connected", "a", "b", "c", "not d"]);
    assert.deepEqual(deadLetters, []);
  }));

Deno.test("G29: a state's time-out ends with the state, and begins again when it is entered again", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const ref = system.spawn("connection", connection(log));
    await clock.advance(99);
    assert.deepEqual(log, ["attempt 1"]);
    await clock.advance(1);
    assert.deepEqual(log, ["attempt 1", "attempt 2"]);
    await clock.advance(199);
    assert.equal(log.length, 2);
    ref.tell({ type: "opened" });
    await clock.settle();
    assert.equal(clock.scheduledCount, 0);
    await clock.advance(10_000);
    assert.deepEqual(log, ["attempt 1", "attempt 2", "connected"]);
  }));

Deno.test("G29: staying keeps the state's data and its time-out", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const ref = system.spawn("connection", connection(log));
    await clock.advance(50);
    assert.equal(await statusOf(ref), "connecting");
    await clock.advance(50);
    assert.deepEqual(log, ["attempt 1", "attempt 2"]);
    ref.tell({ type: "opened" });
    ref.tell({ type: "send", text: "a" });
    assert.equal(await statusOf(ref), "sent 1");
    assert.equal(await statusOf(ref), "sent 1", "stay() without data keeps it");
    assert.equal(system.tree()[0]?.summary, "connected");
  }));

Deno.test("G29: a machine that fails begins anew, with what was postponed", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const refs: ActorRef<ConnectionMessage>[] = [];
    system.spawn(
      "supervisor",
      supervisor({
        children: (scope) => void refs.push(scope.child("connection", connection(log))),
      }),
    );
    const [ref] = refs;
    ref?.tell({ type: "send", text: "a" });
    ref?.tell({ type: "fail" });
    await clock.advance(150);
    ref?.tell({ type: "opened" });
    await clock.settle();
    assert.deepEqual(log.filter((line) => !line.startsWith("attempt")), ["connected", "a"]);
  }));

Deno.test("G29: what the table does not allow does not compile", () => {
  const machine = stateMachine<{ a: number; b: string }, { type: "go" } | { type: "ask" }>();
  const init = () => ({ state: "a", data: 1 }) as const;
  machine({
    transitions: { a: ["b"], b: [] },
    init,
    states: {
      a: { on: { go: (_data, _message, { to }) => to("b", "text"), ask: "ignore" } },
      // @ts-expect-error: nothing may follow b.
      b: { on: { go: (_data, _message, { to }) => to("a", 1), ask: "ignore" } },
    },
  });
  machine({
    transitions: { a: ["b"], b: [] },
    init,
    states: {
      // @ts-expect-error: the data of b is a text.
      a: { on: { go: (_data, _message, { to }) => to("b", 1), ask: "ignore" } },
      // @ts-expect-error: what becomes of "ask" is left open.
      b: { on: { go: "ignore" } },
    },
  });
  machine({
    // @ts-expect-error: there is no state c.
    transitions: { a: ["c"], b: [] },
    // @ts-expect-error: the data of a is a number.
    init: () => ({ state: "a", data: "text" }),
    states: {
      // @ts-expect-error: a handler decides.
      a: { on: { go: () => {}, ask: "ignore" } },
      b: { on: { go: "ignore", ask: "postpone" } },
    },
  });
  machine({
    transitions: { a: [], b: [] },
    init,
    // @ts-expect-error: state b is missing.
    states: { a: { on: { go: "ignore", ask: "ignore" } } },
  });
});
