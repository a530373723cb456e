/** What the tests of the runtime share: a system on a virtual clock that keeps what it logs. */

import {
  type ActorDefinition,
  ActorSystem,
  type ActorSystemOptions,
  type DeadLetter,
  seededRandom,
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
