/**
 * A system on the machine's own clock, under crashes and restarts; `deno task test:soak` runs it for minutes. Leaks are found
 * by the sanitizers, and --trace-leaks shows where they began.
 */

import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  type ActorRef,
  ActorSystem,
  ask,
  type ReplyTo,
  seededRandom,
  sleep,
  startChild,
  supervisor,
  type SupervisorMessage,
  systemClock,
} from "../../../../actors/runtime/mod.ts";

type Message =
  | { readonly type: "work" | "crash" | "finish" | "hold" | "release" | "tick" | "worked" }
  | { readonly type: "ask"; readonly replyTo: ReplyTo<number> }
  | { readonly type: "link"; readonly other: ActorRef<Message> };

const ORDERS = ["work", "crash", "finish", "hold", "release"] as const;
const ROUNDS = Number(Deno.env.get("ROLLCALL_SOAK_ROUNDS") ?? 150);

function worker(clean: "at once" | "later"): ActorDefinition<number, Message> {
  return {
    mailbox: { capacity: 8 },
    stashCapacity: 8,
    init(context) {
      context.timers.every("tick", 3, { type: "tick" });
      context.spawn("owned", { init: () => 0, receive: (state) => state });
      return 0;
    },
    receive: (handled, message, context) => (handle(message, context), handled + 1),
    onStop: clean === "at once" ? () => {} : () => sleep(systemClock, 1),
  };
}

function handle(message: Message, context: ActorContext<Message>): void {
  switch (message.type) {
    case "crash":
      throw new Error("crash");
    case "finish":
      return context.stopSelf();
    case "hold":
      return context.stash.hold();
    case "release":
      return context.stash.release();
    case "link":
      return context.link(message.other);
    case "ask":
      return void message.replyTo.tell(1);
    case "work": {
      const done = (): Message => ({ type: "worked" });
      const task = (signal: AbortSignal) => sleep(context.clock, 2, { signal });
      return context.pipeToSelf(task, { ok: done, error: done });
    }
    case "tick":
    case "worked":
      return;
  }
}

Deno.test("a system that runs for long, with crashes and restarts, leaves nothing behind", async () => {
  const random = seededRandom(3);
  const below = (count: number) => Math.floor(random.next() * count);
  const system = ActorSystem.create({ name: "soak", onFailure: () => "continue" });
  const intensity = { maxRestarts: 1_000_000 };
  const backoff = { initialMs: 0, maxMs: 2 };
  const refs: ActorRef<Message>[] = [];
  const group: ActorRef<SupervisorMessage> = system.spawn(
    "group",
    supervisor({
      intensity,
      backoff,
      strategy: "rest_for_one",
      children(scope) {
        for (const name of ["a", "b", "c", "d"]) {
          refs.push(scope.child(name, worker(name < "c" ? "at once" : "later")));
        }
      },
    }),
  );
  const pool = system.spawn("pool", supervisor({ intensity, backoff }));
  let answered = 0;
  const asks: Promise<void>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let count = 0; count < 20; count++) {
      const ref = refs[below(refs.length)];
      const other = refs[below(refs.length)];
      assert.ok(ref && other);
      const order = ORDERS[below(ORDERS.length)];
      if (below(4) > 0) ref.tell(below(40) === 0 ? { type: "link", other } : { type: "work" });
      else if (order !== undefined) ref.tell({ type: order });
      const asking = ask(ref, (replyTo) => ({ type: "ask", replyTo }), { timeoutMs: 1 + below(4) });
      asks.push(asking.then(() => void answered++, () => {}));
    }
    pool.tell(startChild(`child ${round}`, worker("at once"), { restart: "temporary" })());
    if (round >= 10) pool.tell({ type: "stop_child", name: `child ${round - 10}` });
    await sleep(systemClock, below(3));
    if (asks.length > 1_000) await Promise.all(asks.splice(0));
  }
  await Promise.all(asks);
  assert.ok(answered > ROUNDS, `${answered} answers`);
  assert.ok(system.counters.restarts > ROUNDS / 10, `${system.counters.restarts} restarts`);
  assert.equal(group.tell({ type: "stop_child", name: "none" }), "accepted");
  await system.stop();
  assert.equal(system.counters.actors, 0);
  assert.equal(system.counters.abandoned, 0);
});
