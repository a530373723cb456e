/** The cases in the runtime of this project, with all that it guarantees. */

import {
  type ActorContext,
  type ActorRef,
  ActorSystem,
  ask,
} from "../../../../actors/runtime/mod.ts";
import { RemoteNode } from "../../../../actors/runtime/remote/mod.ts";
import { workerActor } from "../../../../actors/runtime/worker/mod.ts";
import { answering, answeringContract, type Question } from "./answering.ts";
import { remoteAsk, throughWorker } from "./crossing.js";
import { startOther } from "./other_process.js";
import { serve } from "./serve.js";

const system = ActorSystem.create({ name: "bench" });

let done = Promise.withResolvers<void>();
let expected = 0;

const counter = system.spawn("counter", {
  mailbox: { capacity: 16_384 },
  init: () => 0,
  receive(seen, message: number) {
    if (message !== seen) throw new Error(`expected ${seen}, got ${message}`);
    if (seen + 1 === expected) done.resolve();
    return (seen + 1) % expected;
  },
});

const answerer = system.spawn("answerer", answering);

/** A way to ask an actor, wherever it is. */
function asking(ref: ActorRef<Question>): (value: number) => Promise<number> {
  return (value) => ask(ref, (replyTo) => ({ value, replyTo }), { timeoutMs: 5_000 });
}

function connectWorker(): (value: number) => Promise<number> {
  const { definition, ref } = workerActor<Question>({
    create: () => new Worker(new URL("./ours_worker.ts", import.meta.url), { type: "module" }),
    window: 128,
  });
  system.spawn("worker", definition);
  return asking(ref);
}

async function connectProcess(): Promise<(value: number) => Promise<number>> {
  const project = new URL("../../../../deno.json", import.meta.url).pathname;
  const url = await startOther("./ours_process.ts", ["--config", project]);
  const peer = RemoteNode.create({ system }).connect(url);
  await peer.ready({ timeoutMs: 5_000 });
  return asking(peer.ref(answeringContract));
}

interface Ball {
  readonly left: number;
  readonly to: ActorRef<Ball>;
  readonly from: ActorRef<Ball>;
}

const playing = {
  init: () => 0,
  receive(state: number, { left, to, from }: Ball): number {
    if (left === 0) done.resolve();
    else to.tell({ left: left - 1, to: from, from: to });
    return state;
  },
};
const ping = system.spawn("ping", playing);
const pong = system.spawn("pong", playing);

const quiet = { init: () => 0, receive: (state: number, _message: string): number => state };
let names = 0;

/** Has an actor that spawns and stops children, since only a parent may. */
type Order =
  | { readonly type: "spawn and stop"; readonly count: number; readonly done: () => void }
  | {
    readonly type: "spawn";
    readonly count: number;
    readonly done: (refs: ActorRef<string>[]) => void;
  };

const parent = system.spawn("parent", {
  init: () => 0,
  receive(state, order: Order, context: ActorContext<Order>) {
    const { count } = order;
    if (order.type === "spawn") {
      order.done(
        Array.from({ length: count }, () => context.spawn(`idle${names++}`, quiet)),
      );
      return state;
    }
    let stopped = 0;
    const ending = {
      ...quiet,
      onStop(): void {
        if (++stopped === count) order.done();
      },
    };
    const refs: ActorRef<string>[] = [];
    for (let index = 0; index < count; index++) refs.push(context.spawn(`s${names++}`, ending));
    for (const ref of refs) context.stop(ref);
    return state;
  },
});

await serve({
  rates: {
    tell: {
      count: 10_000,
      run(count: number) {
        done = Promise.withResolvers();
        expected = count;
        for (let message = 0; message < count; message++) counter.tell(message);
        return done.promise;
      },
    },
    ask: {
      count: 1_000,
      async run(count: number) {
        for (let value = 0; value < count; value++) {
          const answer = await ask(answerer, (replyTo) => ({ value, replyTo }), {
            timeoutMs: 5_000,
          });
          if (answer !== value + 1) throw new Error(`expected ${value + 1}, got ${answer}`);
        }
      },
    },
    "ping-pong": {
      count: 10_000,
      run(count: number) {
        done = Promise.withResolvers();
        ping.tell({ left: count - 1, to: pong, from: ping });
        return done.promise;
      },
    },
    "spawn and stop": {
      count: 1_000,
      run: (count: number) =>
        new Promise<void>((resolve) =>
          parent.tell({ type: "spawn and stop", count, done: resolve })
        ),
    },
    "message through a worker": throughWorker(connectWorker),
    "remote ask": remoteAsk(connectProcess),
  },
  spawnIdle: (count: number) =>
    new Promise((resolve) => parent.tell({ type: "spawn", count, done: resolve })),
  busy: {
    "one busy actor": () => busy(1),
    "100 busy actors": () => busy(100),
    "one caller that asks": () => {
      let running = true;
      let asked = 0;
      (async () => {
        while (running) {
          await ask(answerer, (replyTo) => ({ value: asked++, replyTo }), { timeoutMs: 5_000 });
        }
      })();
      return () => {
        running = false;
        return asked;
      };
    },
  },
});

/** Actors that tell themselves to go on, and the way to end it. */
function busy(count: number): () => number {
  let running = true;
  let handled = 0;
  for (let index = 0; index < count; index++) {
    system.spawn(`busy${names++}`, {
      init: () => 0,
      receive(state, message: "go", context: ActorContext<"go">) {
        handled++;
        if (running) context.self.tell(message);
        return state;
      },
    }).tell("go");
  }
  return () => {
    running = false;
    return handled;
  };
}
