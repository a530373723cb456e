/**
 * The fence before the service is stopped. The slot was taken a while ago: the service had to drain, and the agent may have
 * been dead, or the machine paused, in between. So the host looks at the tree once more, with every reading while it drains
 * and when it has drained, and stops the service only by a transaction that finds everything as it was read. Else it gives
 * its slot back and goes on serving. Without ZooKeeper it waits, and serves.
 *
 * An agent may die when it has just told the service to end. The next one finds it running, and may not stop it by what it reads;
 * but it ends all the same. So the slot stands until the grace is over in which it may, and after that until it serves.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { giveSlotBack, passFence } from "../../coordination/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { inTime } from "../session/in_time.ts";
import { checkOnce } from "./health_gate.ts";
import { lookAtEnd, lookOnceWritten } from "./look.ts";
import { type AtFence, decideAtFence } from "./machine/at_fence.ts";
import type { HostNow } from "./machine/next.ts";
import { type Deps, type Reading, setWaitingFor, shorten, type State } from "./state.ts";
import { switchHookTools } from "./drain.ts";
import { undrain } from "./hooks.ts";
import { type Switch, toSlot } from "./machine/switch.ts";

/** What the fence is looked at with. */
interface Tools {
  readonly zookeeper: ZooKeeper;
  readonly now: HostNow;
  readonly deps: Deps;
}

/** Looks whether a switch that is draining may go on; if it has drained, asks for the step. */
export function lookAtFence(state: State, reading: Reading, tools: Tools): State {
  const { phase } = state;
  if (phase.kind !== "draining" || phase.at === "asking") return state;
  const { change } = phase;
  const { now, deps } = tools;
  const leftMs = state.mayEndUntilMs - deps.context.clock.nowMs();
  const isDrained = phase.at === "fence";
  const decision = decideAtFence(now, reading, { change, isDrained, mayBeEnding: leftMs > 0 });
  switch (decision.kind) {
    case "turn_back":
      return turnBack(state, reading, { ...tools, change, decision });
    case "await_end":
      setWaitingFor(`${decision.reason}; its slot stands while the service may be ending`, deps);
      lookAtEnd(leftMs, deps);
      return state;
    case "drain":
      return state;
    case "await_entry":
      lookOnceWritten(deps);
      return state;
    case "ask":
      return askForStop(state, reading, { ...tools, change, isDown: decision.isDown });
  }
}

/** Asks the tree whether the service may be stopped. */
function askForStop(
  state: State,
  reading: Reading,
  { zookeeper, change, isDown, deps }: Tools & {
    readonly change: Switch;
    readonly isDown: boolean;
  },
): State {
  const { options, context } = deps;
  const { service } = options;
  state.phase = { kind: "draining", change, at: "asking" };
  context.pipeToSelf(
    async (signal) => {
      // As a host that is down it may pass beyond the budget. If it serves again, the runner tells, and it is decided anew.
      if (isDown && await isServing({ options, context, signal })) return false;
      const slot = toSlot({ ...change, step: "stopping" }, options);
      const passed = passFence(zookeeper, { service, slot, reading });
      return await inTime(passed, { clock: context.clock, signal });
    },
    {
      ok: (isPassed) => ({ type: "fence_answer", change, isPassed }),
      error: (error) => ({
        type: "acted",
        what: "stop the service by its slot",
        error: error ?? new Error("unknown"),
      }),
    },
  );
  return state;
}

/** Whether the service serves at this moment. */
async function isServing(
  { options: { runner }, context: { clock }, signal }: Deps & { readonly signal: AbortSignal },
): Promise<boolean> {
  const { version, health } = await checkOnce({ runner, clock, signal });
  return version !== null && health.ok;
}

/** Ends a switch that does not stop anything: the slot goes back, at once or when the service serves, and the service goes on. */
function turnBack(
  state: State,
  reading: Reading,
  { zookeeper, change, decision: { reason, keepsSlot }, deps }: Tools & {
    readonly change: Switch;
    readonly decision: Extract<AtFence, { kind: "turn_back" }>;
  },
): State {
  const { options, context } = deps;
  const { service } = options;
  const outcome = keepsSlot ? "its slot stands until it serves" : "gives its slot back";
  context.log.warn("{service}: does not switch to {to}, and {outcome}: {reason}", {
    service,
    to: change.to,
    outcome,
    reason,
  });
  context.cancelTask("step");
  const patch = { waitingFor: shorten(reason) };
  options.registrar.tell({ type: "update", service, patch, slot: null });
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf(
    async (signal) => {
      try {
        if (!keepsSlot) {
          const held = { slot: toSlot(change, options), reading };
          const given = giveSlotBack(zookeeper, service, held);
          await inTime(given, { clock: context.clock, signal });
        }
      } finally {
        // Also when the slot stands for now: without a switch it is given back with the next reading.
        await undrain(change.from ?? change.to, switchHookTools(state, signal, deps));
        // Last: an agent that dies before drains again, finds that its slot is gone, and undrains.
        if (!signal.aborted) state.journal.clear();
      }
    },
    {
      ok: () => ({ type: "acted", what: "give the slot back", error: null }),
      error: (error) => ({
        type: "acted",
        what: "give the slot back",
        error: new Error(reasonOf(error)),
      }),
    },
  );
  return state;
}
