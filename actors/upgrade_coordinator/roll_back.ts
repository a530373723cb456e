/**
 * Rolls a halted rollout back, where its plan has the hosts do so.
 *
 * @module
 */

import { rollBackIfHalted } from "../../coordination/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { act } from "./act.ts";
import type { Deps, Reading, State } from "./state.ts";

/** Notes since when the rollout is halted, as far as this host knows. */
export function noteHalt(
  state: State,
  { census: { control, controlVersion } }: Reading,
  { context }: Deps,
): void {
  if (control?.state !== "halted") state.halt = null;
  else if (state.halt?.controlVersion !== controlVersion) {
    state.halt = { controlVersion, sinceMs: context.clock.nowMs() };
  }
}

/** Begins the rollback, unless somebody else is faster or has decided otherwise. */
export function rollBackHalted(
  state: State,
  zookeeper: ZooKeeper,
  deps: Deps,
): State {
  const { options: { host: by, service }, context } = deps;
  const { clock, random, log } = context;
  const word = { by, nowMs: clock.wallTimeMs(), random: () => random.next() };
  const what = "roll back";
  act(state, {
    what,
    change: () => rollBackIfHalted(zookeeper, word),
    onDone: (id) => {
      if (id !== null) log.warn("{service}: the rollout is rolled back, by {id}", { service, id });
      return { type: "acted", what, error: null };
    },
  }, deps);
  return state;
}
