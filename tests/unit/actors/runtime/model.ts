/**
 * Random trees under random crashes, stops and messages, checked against what must always hold. Run by model_test.ts and,
 * for as many cases as one likes, by tests/fuzz/runtime/main.ts.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ActorDefinition,
  type ActorRef,
  ActorSystem,
  type ReplyTo,
  type RestartPolicy,
  seededRandom,
  supervisor,
  type SupervisorMessage,
  type SupervisorStrategy,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";

interface Worker {
  readonly kind: "worker";
  readonly restart: RestartPolicy;
  readonly capacity: number;
  readonly overflow: "drop_newest" | "drop_oldest";
  /** How long `onStop` takes: for some longer than the deadline of 50 ms; 0 is a synchronous one. */
  readonly cleanUpMs: number;
  readonly hasChild: boolean;
  /** Which starts fail: the n-th of all starts of this worker, from 0. */
  readonly failingStart: number;
}
interface Supervisor {
  readonly kind: "supervisor";
  readonly restart: RestartPolicy;
  readonly strategy: SupervisorStrategy;
  readonly maxRestarts: number;
  readonly children: readonly Tree[];
}
type Tree = Worker | Supervisor;

const restart = fc.constantFrom<RestartPolicy>("permanent", "transient", "temporary");
const { tree } = fc.letrec<{ tree: Tree; worker: Worker; supervisor: Supervisor }>((tie) => ({
  worker: fc.record({
    kind: fc.constant("worker"),
    restart,
    capacity: fc.integer({ min: 1, max: 4 }),
    overflow: fc.constantFrom("drop_newest", "drop_oldest"),
    cleanUpMs: fc.constantFrom(0, 0, 20, 80),
    hasChild: fc.boolean(),
    failingStart: fc.integer({ min: 0, max: 12 }),
  }),
  supervisor: fc.record({
    kind: fc.constant("supervisor"),
    restart,
    strategy: fc.constantFrom("one_for_one", "one_for_all", "rest_for_one"),
    maxRestarts: fc.integer({ min: 0, max: 4 }),
    children: fc.array(tie("tree"), { minLength: 1, maxLength: 4, size: "max" }),
  }),
  tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("worker"), tie("supervisor")),
}));

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom(
        ...["tell", "crash", "finish", "work", "hold", "release", "link", "ask", "adapt"],
      ),
      at: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("stop_child"), at: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant("wait"), at: fc.constantFrom(0, 5, 60, 300) }),
  },
);

interface Message {
  readonly op: string;
  readonly number: number;
  /** For `link` and `ask`: with whom. */
  readonly other?: ActorRef<Message>;
  /** For the question of an `ask`. */
  readonly replyTo?: ReplyTo<number>;
}

/** What one run records, to be checked after it. */
class Run {
  readonly clock = new VirtualClock();
  readonly system: ActorSystem;
  readonly workers = new Map<string, ActorRef<Message>>();
  readonly supervisors = new Map<string, ActorRef<SupervisorMessage>>();
  /** What each worker's last incarnation adapted to its protocol, by path. */
  readonly adapters = new Map<string, ActorRef<string>>();
  readonly told: Message[] = [];
  readonly handled: Message[] = [];
  readonly dead: unknown[] = [];
  readonly violations: string[] = [];
  /** Paths of actors between `init` and the end of their clean-up, with the incarnation. */
  readonly alive = new Map<string, number>();
  /** Messages that were put into the stash: they may be handled after some that came later. */
  readonly #held = new Set<Message>();
  readonly #lastHandled = new Map<ActorRef<Message>, number>();
  #incarnations = 0;
  #busy = new Set<string>();

  /** With a seed the actors run in an order that it determines; without, they go round. */
  constructor(orderSeed: number | undefined) {
    const order = orderSeed === undefined ? undefined : seededRandom(orderSeed);
    this.system = ActorSystem.create({
      name: "model",
      clock: this.clock,
      random: seededRandom(7),
      onFailure: () => "continue",
      ...order === undefined
        ? {}
        : { runOrder: { pick: (count) => Math.floor(order.next() * count) } },
    });
  }

  /** Problems that actors have found. They must not throw, which would be a failure of the actor. */
  #check(holds: boolean, rule: string): void {
    if (!holds) this.violations.push(rule);
  }

  worker(spec: Worker): ActorDefinition<number, Message> {
    let starts = 0;
    return {
      mailbox: { capacity: spec.capacity, overflow: spec.overflow },
      stashCapacity: 3,
      stopDeadlineMs: 50,
      init: (context) => {
        if (starts++ === spec.failingStart) throw new Error("init");
        this.#check(!this.alive.has(context.path), `${context.path} is there twice`);
        const incarnation = ++this.#incarnations;
        this.alive.set(context.path, incarnation);
        if (spec.hasChild) {
          try {
            context.spawn("owned", { init: () => 0, receive: (state) => state });
          } catch {
            this.#check(false, "a child was left behind by another incarnation");
          }
        }
        const adapted = { op: "result", number: incarnation };
        this.adapters.set(context.path, context.adapt(() => adapted));
        context.timers.every("tick", 40, { op: `tick ${incarnation}`, number: -1 });
        return incarnation;
      },
      receive: (incarnation, message, context) => {
        this.#check(!this.#busy.has(context.path), "one message at a time");
        this.#check(this.alive.get(context.path) === incarnation, "nothing after the end");
        if (message.op.startsWith("tick")) {
          this.#check(message.op === `tick ${incarnation}`, "no tick of an earlier incarnation");
          return incarnation;
        }
        if (message.op === "result") {
          this.#check(message.number === incarnation, "no result of an earlier incarnation");
          return incarnation;
        }
        if (message.op === "question") {
          message.replyTo?.tell(message.number);
          return incarnation;
        }
        const { self, stash } = context;
        if (!this.#held.has(message)) {
          const last = this.#lastHandled.get(self) ?? -1;
          this.#check(message.number > last, "in the order of telling");
          this.#lastHandled.set(self, message.number);
          if (message.op === "hold") {
            this.#held.add(message);
            stash.hold();
            return incarnation;
          }
        }
        if (message.op === "release") stash.release();
        if (message.op === "link" && message.other !== undefined) context.link(message.other);
        if (message.op === "ask" && message.other !== undefined) {
          // It is handled after messages that wait already, perhaps a crash: then the answer is for an earlier incarnation.
          const outcome = { op: "result", number: incarnation };
          context.ask(message.other, (replyTo) => ({ op: "question", number: -1, replyTo }), {
            timeoutMs: 25,
            ok: () => outcome,
            error: () => outcome,
          });
        }
        if (message.op === "crash") throw new Error("crash");
        this.handled.push(message);
        this.#busy.add(context.path);
        if (message.op === "finish") context.stopSelf();
        if (message.op === "work") {
          const result = { op: "result", number: incarnation };
          context.pipeToSelf(
            () => new Promise<void>((resolve) => this.clock.after(30, resolve)),
            { ok: () => result, error: () => result },
          );
        }
        this.#busy.delete(context.path);
        return incarnation;
      },
      onStop: (incarnation, context) => {
        this.#check(this.alive.get(context.path) === incarnation, "cleaned up twice");
        this.alive.delete(context.path);
        if (spec.cleanUpMs === 0) return;
        return new Promise<void>((resolve) => this.clock.after(spec.cleanUpMs, resolve));
      },
    };
  }

  supervisor(path: string, { strategy, maxRestarts, children }: Supervisor) {
    return supervisor({
      strategy,
      intensity: { maxRestarts },
      backoff: { initialMs: 10, maxMs: 40 },
      children: (scope) => {
        children.forEach((child, index) => {
          const name = String(index);
          const at = `${path}/${name}`;
          const options = { restart: child.restart };
          if (child.kind === "worker") {
            this.workers.set(at, scope.child(name, this.worker(child), options));
          } else {
            this.supervisors.set(at, scope.child(name, this.supervisor(at, child), options));
          }
        });
      },
    });
  }
}

async function play(
  root: Tree,
  steps: readonly { op: string; at: number }[],
  orderSeed: number | undefined,
): Promise<void> {
  const run = new Run(orderSeed);
  run.system.deadLetters.subscribe(({ message }) => run.dead.push(message));
  const top: Supervisor = {
    kind: "supervisor",
    restart: "permanent",
    strategy: "one_for_one",
    maxRestarts: 3,
    children: [root, root],
  };
  run.supervisors.set("/top", run.system.spawn("top", run.supervisor("/top", top)));
  for (const [number, { op, at }] of steps.entries()) {
    if (op === "wait") {
      await run.clock.advance(at);
    } else if (op === "stop_child") {
      const supervisors = [...run.supervisors.values()];
      supervisors[at % supervisors.length]?.tell({ type: "stop_child", name: String(at % 3) });
    } else {
      const workers = [...run.workers.values()];
      if (op === "adapt") {
        const adapters = [...run.adapters.values()];
        adapters[at % adapters.length]?.tell("foreign");
        continue;
      }
      const worker = workers[at % workers.length];
      const other = workers[(at + 1) % workers.length];
      if (worker === undefined || other === undefined) continue;
      const message = { op, number, other };
      run.told.push(message);
      worker.tell(message);
    }
  }
  await run.clock.settle();
  for (const path of run.alive.keys()) {
    assert.ok(exists(run.system.tree(), path), `${path} runs without being in the tree`);
  }
  const stopped = run.system.stop();
  await run.clock.advance(60_000);
  await stopped;
  assert.deepEqual(run.violations, []);
  assert.equal(run.alive.size, 0, "no zombies");
  assert.equal(run.system.counters.actors, 0);
  assert.equal(run.clock.scheduledCount, 0);
  // Each message was handled or is a dead letter, and neither twice.
  const told = (message: unknown) => run.told.includes(message as Message);
  const ends = [...run.handled, ...run.dead.filter(told)] as Message[];
  assert.deepEqual(
    ends.map(({ number }) => number).sort((a, b) => a - b),
    run.told.map((m) => m.number),
  );
}

function exists(tree: ReturnType<ActorSystem["tree"]>, path: string): boolean {
  return tree.some((node) => node.path === path || exists(node.children, path));
}

/** Which cases to run. */
export interface ModelOptions {
  readonly cases: number;
  /** The same seed gives the same cases. */
  readonly seed: number;
  /** Where in the cases of that seed a failure was, as its message says. */
  readonly path?: string;
}

/**
 * Runs `count` random cases, or the one at `path`.
 *
 * @throws When one breaks a guarantee: with the smallest such case, and how to run it again.
 */
export async function checkModel({ cases, seed, path }: ModelOptions): Promise<void> {
  const property = fc.asyncProperty(
    tree,
    fc.array(step, { maxLength: 60, size: "max" }),
    fc.option(fc.integer(), { nil: undefined }),
    play,
  );
  const details = await fc.check(property, {
    numRuns: cases,
    seed,
    ...path === undefined ? {} : { path },
  });
  if (!details.failed) return;
  const { counterexamplePath } = details;
  const replay =
    `deno run -A tests/fuzz/runtime/main.ts --seed ${seed} --path ${counterexamplePath}`;
  throw new Error(`${fc.defaultReportMessage(details)}\n\nTo run this case again: ${replay}`);
}
