/** The observer, asked through a remote reference on a virtual clock. */

import assert from "node:assert/strict";
import type { TraceLook } from "../../../../actors/observer/contract.ts";
import { observerActor } from "../../../../actors/observer/observer.ts";
import { ask, supervisor } from "../../../../actors/runtime/mod.ts";
import { type Fixture, recorder, withSystem } from "../runtime/fixture.ts";

const timeoutMs = 1_000;

interface Tools extends Pick<Fixture, "system" | "clock"> {
  readonly trace: (path: string, from: number | null) => Promise<TraceLook>;
  /** What the observer says of itself. */
  readonly traced: () => unknown;
}

function withObserver(
  test: (tools: Tools) => Promise<void>,
): Promise<void> {
  return withSystem(async ({ system, clock }) => {
    const observer = system.spawn("observer", observerActor(system));
    const trace = async (path: string, from: number | null): Promise<TraceLook> => {
      const look = ask(observer, (replyTo) => ({ type: "trace", path, from, replyTo }), {
        timeoutMs,
        clock,
      });
      await clock.settle();
      return await look;
    };
    const traced = () => system.tree().find(({ name }) => name === "observer")?.summary;
    await test({ system, clock, trace, traced });
  });
}

Deno.test("observer: a trace shows what an actor handles from the first look on, once", () =>
  withObserver(async ({ system, clock, trace }) => {
    const actor = system.spawn("actor", recorder<unknown>([]));
    actor.tell("before");
    await clock.settle();
    const first = await trace("/actor", null);
    assert.deepEqual(first, { status: "traced", next: 0, lost: 0, handled: [] });
    actor.tell({ type: "check", of: { deep: { deeper: { deepest: 1 } } } });
    actor.tell("crash");
    await clock.advance(5);
    const second = await trace("/actor", first.next);
    const shown = second.handled.map(({ kind, text, failure }) => `${kind} ${text} ${failure}`);
    assert.deepEqual(shown, [
      "message { type: 'check', of: { deep: { deeper: [Object] } } } null",
      "message crash crash",
    ]);
    assert.equal(second.next, 2);
    assert.deepEqual((await trace("/actor", second.next)).handled, []);
  }));

Deno.test("observer: a trace keeps the last messages and counts those it lost", () =>
  withObserver(async ({ system, clock, trace }) => {
    const actor = system.spawn("actor", recorder<string>([]));
    await trace("/actor", null);
    for (let count = 0; count < 300; count++) actor.tell(`message ${count}`);
    await clock.settle();
    const look = await trace("/actor", 0);
    assert.equal(look.handled.length, 256);
    assert.equal(look.lost, 44);
    assert.equal(look.handled[0]?.text, "message 44");
    assert.equal(look.next, 300);
  }));

Deno.test("observer: a trace follows a restarted supervisor's new child at the same path", () =>
  withObserver(async ({ system, clock, trace }) => {
    const options = { intensity: { maxRestarts: 0 } };
    const inner = supervisor({
      ...options,
      children: (scope) =>
        void scope.child(
          "worker",
          recorder<string>([], {
            init: (context) => (context.timers.after("crash", 1_000, "crash"), 0),
          }),
        ),
    });
    system.spawn(
      "outer",
      supervisor({
        children: (scope) => void scope.child("inner", inner),
        backoff: { initialMs: 500, jitter: 0 },
      }),
    );
    const path = "/outer/inner/worker";
    const first = await trace(path, null);
    await clock.advance(1_100);
    // The actor is down: the supervisor waits before it starts the next one.
    const down = await trace(path, first.next);
    assert.equal(down.status, "no_such_actor");
    assert.deepEqual(down.handled.map(({ failure }) => failure), ["crash"]);
    await clock.advance(500);
    assert.equal((await trace(path, down.next)).status, "traced");
    await clock.advance(1_000);
    const again = await trace(path, down.next);
    assert.deepEqual(again.handled.map(({ failure }) => failure), ["crash"]);
  }));

Deno.test("observer: a trace at which nobody looks ends, and its numbers do not come again", () =>
  withObserver(async ({ system, clock, trace, traced }) => {
    const actor = system.spawn("actor", recorder<string>([]));
    await trace("/actor", null);
    assert.deepEqual(traced(), { traces: ["/actor"] });
    actor.tell("a");
    await clock.advance(9_000);
    await trace("/actor", 1);
    await clock.advance(9_000);
    assert.deepEqual(traced(), { traces: ["/actor"] });
    await clock.advance(10_000);
    assert.equal(traced(), null);
    actor.tell("unseen");
    await clock.settle();
    const later = await trace("/actor", null);
    assert.equal(later.next, 1);
    actor.tell("b");
    await clock.settle();
    assert.deepEqual((await trace("/actor", later.next)).handled.map(({ text }) => text), ["b"]);
  }));

Deno.test("observer: a path that leads to nobody is no trace, and there is room for 16", () =>
  withObserver(async ({ system, trace, traced }) => {
    for (let count = 0; count < 20; count++) {
      assert.equal((await trace(`/nobody-${count}`, null)).status, "no_such_actor");
    }
    assert.equal(traced(), null);
    for (let count = 0; count < 16; count++) {
      system.spawn(`actor-${count}`, recorder<string>([]));
      assert.equal((await trace(`/actor-${count}`, null)).status, "traced");
    }
    assert.equal((await trace("/observer", null)).status, "too_many_traces");
    assert.equal((await trace("/actor-0", 0)).status, "traced");
  }));

Deno.test("observer: what happened last, with the time of day, and failures as text", () =>
  withSystem(async ({ system, clock }) => {
    const observer = system.spawn("observer", observerActor(system));
    const cause = new Error("the disk is full");
    system.spawn("actor", {
      init: () => null,
      receive(): null {
        throw new Error("write", { cause });
      },
    }).tell("go");
    await clock.settle();
    const look = ask(observer, (replyTo) => ({ type: "events", replyTo }), { timeoutMs, clock });
    await clock.settle();
    const events = await look;
    assert.deepEqual(events.map(({ type, path, detail }) => `${type} ${path} ${detail}`), [
      "started / null",
      "started /observer null",
      "started /actor null",
      "dead_letter /actor failed",
      "failed /actor write; because: the disk is full",
      "ended /actor failed",
    ]);
    for (const { at } of events) assert.equal(at, new Date(clock.wallTimeMs()).toISOString());
    assert.doesNotThrow(() => JSON.stringify(events));
  }));
