/**
 * Goes on with a switch that the agent's end has interrupted, as machine/resume.ts decides by the first reading.
 *
 * @module
 */

import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { lookAtFence } from "./fence.ts";
import type { HostNow } from "./machine/next.ts";
import { decideResumption } from "./machine/resume.ts";
import type { Switch } from "./machine/switch.ts";
import { beginSwitch } from "./run_switch.ts";
import type { Deps, Reading, State } from "./state.ts";

/** Goes on with the interrupted switch, or drops it. */
export function resumeSwitch(
  state: State,
  reading: Reading,
  { change, ...tools }: {
    readonly change: Switch;
    readonly zookeeper: ZooKeeper;
    readonly now: HostNow;
    readonly deps: Deps;
  },
): void {
  const { options, context } = tools.deps;
  const { running } = tools.now;
  const resumption = decideResumption(
    change,
    { owner: options, running: running?.version ?? null, restart: running?.restart },
    reading,
  );
  if (resumption.kind !== "drop" && resumption.change.wasStopped === true) {
    state.mayEndUntilMs = context.clock.nowMs() + options.config.stopGrace;
  }
  switch (resumption.kind) {
    case "go_on":
      // What this reading says about other waves has not been looked at, and nothing is read again before the report.
      state.hasMissed = true;
      beginSwitch(state, resumption.change, tools.deps);
      return;
    case "at_fence":
      state.phase = { kind: "draining", change: resumption.change, at: "fence" };
      lookAtFence(state, reading, tools);
      return;
    case "drop":
      context.log[resumption.isExpected ? "info" : "warn"](
        "{service}: the switch to {to} is dropped: {why}",
        { service: options.service, to: change.to, why: resumption.why },
      );
      state.journal.clear();
      state.phase = { kind: "idle" };
  }
}
