/** What the tests of the runtime share: a system on a virtual clock that keeps what it logs. */

import assert from "node:assert/strict";
import {
  type ActorContext,
  type ActorDefinition,
  type ActorRef,
  ActorSystem,
  type ActorSystemOptions,
  type DeadLetter,
  seededRandom,
  spawnProbe,
  supervisor,
  VirtualClock,
} from "../../../../actors/runtime/mod.ts";

export interface Fixture {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly deadLetters: DeadLetter[];
  readonly logged: string[];
}

/** Runs a test on a system of its own, then stops it and checks that nothing is left. */
export async function withSystem(
  test: (fixture: Fixture) => void | Promise<void>,
  options: Partial<ActorSystemOptions> = {},
): Promise<void> {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const record = (message: string) => void logged.push(message);
  const system = ActorSystem.create({
    name: "test",
    clock,
    random: seededRandom(1),
    log: { debug: record, info: record, warn: record, error: record },
    onFailure: () => "continue",
    ...options,
  });
  const deadLetters: DeadLetter[] = [];
  system.deadLetters.subscribe((letter) => void deadLetters.push(letter));
  await test({ system, clock, deadLetters, logged });
  const stopped = system.stop();
  await clock.advance(60_000);
  await stopped;
  if (system.counters.actors !== 0) throw new Error("actors are left after the stop");
  if (clock.scheduledCount !== 0) throw new Error("timers are left after the stop");
}

/** An actor that keeps what it is told. `"crash"` makes it throw. */
export function recorder<M>(
  seen: M[],
  more: Partial<ActorDefinition<number, M>> = {},
): ActorDefinition<number, M> {
  return {
    init: () => 0,
    receive(handled, message) {
      if (message === "crash") throw new Error("crash");
      seen.push(message);
      return handled + 1;
    },
    ...more,
  };
}

/** An actor with these children, which logs its start and its end. */
export function logging(
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

/** An actor that hands its context out, for a test to work with. */
export function openActor<M>({ system }: Fixture, seen: M[], capacity = 1024) {
  const contexts: ActorContext<M>[] = [];
  const ref = system.spawn(
    "actor",
    recorder(seen, {
      mailbox: { capacity },
      init: (context) => (contexts.push(context), 0),
    }),
  );
  const [context] = contexts;
  assert.ok(context);
  return { ref, context };
}

/** Spawns a supervisor with this one child, and returns the child. */
export function supervised<S, M>(
  system: Parameters<typeof spawnProbe>[0],
  child: ActorDefinition<S, M>,
): ActorRef<M> {
  const taken: ActorRef<M>[] = [];
  system.spawn("supervisor", over(child, (ref) => void taken.push(ref)));
  const [ref] = taken;
  assert.ok(ref);
  return ref;
}

/** A supervisor with this one child, whose reference is passed to `take`. */
export function over<S, M>(
  child: ActorDefinition<S, M>,
  take: (ref: ActorRef<M>) => void,
): ReturnType<typeof supervisor> {
  return supervisor({
    backoff: { initialMs: 100, jitter: 0 },
    children: (scope) => take(scope.child("child", child)),
  });
}
