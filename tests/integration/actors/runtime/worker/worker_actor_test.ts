import assert from "node:assert/strict";
import {
  type ActorRef,
  ActorSystem,
  ask,
  AskError,
  type DeadLetter,
  type StopReason,
  supervisor,
} from "../../../../../actors/runtime/mod.ts";
import {
  type WorkerActor,
  workerActor,
  WorkerError,
} from "../../../../../actors/runtime/worker/mod.ts";
import type { DeskMessage } from "../fixtures/desk_worker.ts";

const WAIT_MS = 20_000;

interface Fixture {
  readonly system: ActorSystem;
  readonly ref: ActorRef<DeskMessage>;
  readonly deadLetters: readonly DeadLetter[];
  readonly desk: WorkerActor<DeskMessage>;
  /** Resolves with the reason for the end of the reference. */
  readonly end: Promise<StopReason>;
  /** Resolves at the next dead letters, when there are so many. */
  readonly untilDead: (count: number) => Promise<void>;
}

function createDesk(): Worker {
  const url = new URL("../fixtures/desk_worker.ts", import.meta.url);
  return new Worker(url, { type: "module", name: "desk" });
}

/** Runs a test with an actor in a worker, under a supervisor. */
async function withWorker(
  test: (fixture: Fixture) => Promise<void>,
  options: { readonly window?: number; readonly create?: () => Worker; readonly max?: number } = {},
): Promise<void> {
  const system = ActorSystem.create({ name: "test", onFailure: () => "continue" });
  const deadLetters: DeadLetter[] = [];
  let wake: () => void = () => {};
  system.deadLetters.subscribe((letter) => {
    deadLetters.push(letter);
    wake();
  });
  const desk = workerActor<DeskMessage>({
    create: options.create ?? createDesk,
    window: options.window ?? 4,
    stopGraceMs: 200,
    transfer: (message) => message.type === "double" ? [message.bytes.buffer as ArrayBuffer] : [],
  });
  system.spawn(
    "supervisor",
    supervisor({
      intensity: { maxRestarts: options.max ?? 5 },
      backoff: { initialMs: 1 },
      children: (scope) => void scope.child("desk", desk.definition, { restart: "transient" }),
    }),
  );
  const { promise: end, resolve } = Promise.withResolvers<StopReason>();
  system.spawn<null, never>("watcher", {
    init(context) {
      context.watch(desk.ref);
      return null;
    },
    receive: (state) => state,
    onSignal(state, signal) {
      if (signal.type === "terminated") resolve(signal.reason);
      return state;
    },
  });
  async function untilDead(count: number): Promise<void> {
    while (deadLetters.length < count) await new Promise<void>((resolve) => wake = resolve);
  }
  try {
    await test({ system, ref: desk.ref, deadLetters, desk, end, untilDead });
  } finally {
    await system.stop();
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function notesOf(ref: ActorRef<DeskMessage>): Promise<readonly string[]> {
  return ask(ref, (replyTo) => ({ type: "notes", replyTo }), { timeoutMs: WAIT_MS });
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof AskError && error.code === code;
}

Deno.test("W1: an actor in a worker is told and asked like any other, in order", () =>
  withWorker(async ({ ref }) => {
    assert.equal(ref.path, "/supervisor/desk");
    assert.equal(ref.tell({ type: "note", text: "one" }), "accepted");
    assert.equal(ref.tell({ type: "note", text: "two" }), "accepted");
    assert.deepEqual(await notesOf(ref), ["one", "two"]);
  }));

Deno.test("W1: an ask takes its deadline along", () =>
  withWorker(async ({ ref }) => {
    await notesOf(ref);
    const leftMs = await ask(
      ref,
      (replyTo) => ({ type: "time_left", replyTo }),
      { timeoutMs: WAIT_MS },
    );
    assert.ok(leftMs > 0 && leftMs <= WAIT_MS, `${leftMs}`);
    await assert.rejects(
      ask(ref, (replyTo) => ({ type: "ignore", replyTo }), { timeoutMs: 5 }),
      failsWith("ask_timeout"),
    );
  }));

Deno.test("W2: buffers are handed over, both ways, as the transfer lists say", () =>
  withWorker(async ({ ref }) => {
    const bytes = new Uint8Array([1, 2, 3]);
    const doubled = await ask<DeskMessage, Uint8Array>(
      ref,
      (replyTo) => ({ type: "double", bytes, replyTo }),
      { timeoutMs: WAIT_MS },
    );
    assert.deepEqual([...doubled], [2, 4, 6]);
    assert.equal(bytes.length, 0, "it is no longer ours");
  }));

Deno.test("W2: what cannot be copied is refused, and tell does not throw", () =>
  withWorker(async ({ ref, deadLetters }) => {
    assert.equal(ref.tell({ type: "note", text: (() => {}) as never }), "overflow");
    assert.equal(deadLetters[0]?.reason, "invalid");
    await assert.rejects(
      ask<DeskMessage, unknown>(
        ref,
        (replyTo) => ({ type: "bad_answer", replyTo }),
        { timeoutMs: WAIT_MS },
      ),
      failsWith("ask_rejected"),
    );
    assert.deepEqual(await notesOf(ref), []);
  }));

Deno.test("W3: tell overflows when the window is used up, and works again when there is room", () =>
  withWorker(async ({ ref, deadLetters }) => {
    const outcomes = ["a", "b", "c", "d", "e"].map((text) => ref.tell({ type: "note", text }));
    assert.deepEqual(outcomes, ["accepted", "accepted", "accepted", "accepted", "overflow"]);
    assert.equal(deadLetters[0]?.reason, "overflow");
    await assert.rejects(notesOf(ref), failsWith("ask_overflow"));
    await until(() => ref.tell({ type: "note", text: "f" }) === "accepted");
    let notes: readonly string[] = [];
    await until(() => notesOf(ref).then((answer) => notes = answer).then(() => true, () => false));
    assert.deepEqual(notes, ["a", "b", "c", "d", "f"]);
  }));

Deno.test("W4: an actor that fails in its worker is restarted in another, under the same reference", () =>
  withWorker(async ({ system, ref, deadLetters, untilDead }) => {
    ref.tell({ type: "note", text: "forgotten" });
    ref.tell({ type: "crash" });
    ref.tell({ type: "note", text: "lost" });
    await untilDead(2);
    // What is told before its end is known here is lost with it.
    await until(() => system.counters.restarts === 1);
    ref.tell({ type: "note", text: "kept" });
    assert.deepEqual(await notesOf(ref), ["kept"]);
    const lost = deadLetters.filter(({ recipient, message }) =>
      recipient === ref.path && (message as { type: string }).type !== "worker_ended"
    ).map(({ message }) => (message as DeskMessage).type);
    assert.deepEqual(lost, ["crash", "note"], "those that it had not handled");
  }, { window: 8 }));

Deno.test("W4: a worker that breaks outside its actor is a failure too, and ends its asks", () =>
  withWorker(async ({ system, ref }) => {
    await notesOf(ref);
    const asked = assert.rejects(
      ask(ref, (replyTo) => ({ type: "ignore", replyTo }), { timeoutMs: WAIT_MS }),
      failsWith("ask_stopped"),
    );
    ref.tell({ type: "break" });
    await asked;
    assert.deepEqual(await notesOf(ref), []);
    assert.equal(system.counters.restarts, 1);
  }));

Deno.test("W4: a worker whose module cannot be loaded escalates", () =>
  withWorker(async ({ ref, end }) => {
    const asked = assert.rejects(notesOf(ref), failsWith("ask_stopped"));
    const reason = await end;
    await asked;
    assert.equal(reason.kind, "shutdown", "its supervisor gave up");
    assert.equal(ref.tell({ type: "leave" }), "stopped");
  }, {
    create: () =>
      new Worker("data:application/javascript,throw new Error('no such thing')", {
        type: "module",
      }),
    max: 2,
  }));

Deno.test("W5: a watcher learns of the end of an actor in a worker", () =>
  withWorker(async ({ ref, end }) => {
    ref.tell({ type: "leave" });
    assert.deepEqual(await end, { kind: "normal" });
    assert.equal(ref.tell({ type: "note", text: "x" }), "stopped");
    await assert.rejects(notesOf(ref), failsWith("ask_stopped"));
  }));

Deno.test("W5: a worker ends with its supervisor, even one that computes for ever", () =>
  withWorker(async ({ system, ref }) => {
    await notesOf(ref);
    const asked = assert.rejects(
      ask(ref, (replyTo) => ({ type: "ignore", replyTo }), { timeoutMs: WAIT_MS }),
      failsWith("ask_stopped"),
    );
    ref.tell({ type: "spin" });
    await system.stop();
    await asked;
    assert.equal(ref.tell({ type: "leave" }), "stopped");
  }));

Deno.test("W5: a definition of an actor in a worker is spawned once", () =>
  withWorker(async ({ system, desk }) => {
    system.spawn("again", desk.definition);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(system.counters.failures, 1);
    assert.throws(() => workerActor({ create: createDesk, window: 0 }), WorkerError);
  }));
