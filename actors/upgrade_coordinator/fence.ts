/**
 * The fence before the service is stopped. The slot was taken a while ago: the service had to drain, and the agent may have
 * been dead, or the machine paused, in between. So the host looks at the tree once more, with every reading while it drains
 * and when it has drained, and stops the service only by a transaction that finds everything as it was read. Else it gives
 * its slot back and goes on serving. Without ZooKeeper it waits, and serves.
 *
 * @module
 */

import { giveSlotBack, passFence } from "../../coordination/mod.ts";
import { decideFence, isOfSameAgent } from "../../rollout/mod.ts";
import { checkOnce } from "./health_gate.ts";
import { lookOnceWritten } from "./look.ts";
import { type Deps, healthPatch, type Reading, reasonOf, shorten, type State } from "./state.ts";
import { type Switch, toSlot, undrain } from "./switch.ts";

/** Looks whether a switch that is draining may go on; if it has drained, asks for the step. */
export function lookAtFence(
  state: State,
  reading: Reading,
  { change, deps }: { readonly change: Switch; readonly deps: Deps },
): State {
  const { options, context } = deps;
  const { zookeeper } = state;
  if (zookeeper === null) return state;
  const { host, service } = options;
  const slot = toSlot(change, host);
  const own = reading.view.current.get(host);
  const isOurs = own !== undefined && isOfSameAgent(own, options);
  const fence = isOurs
    ? decideFence(reading.view, {
      slot,
      waveNodes: reading.waves.map(({ node }) => node),
      committed: reading.service?.entry.committed ?? null,
    })
    : { stop: false, reason: "it is not registered under its name" } as const;
  if (!fence.stop) return turnBack(state, reading, { change, reason: fence.reason, deps });
  if (!state.isDrained) return state;
  if (own?.state !== healthPatch(state).state) {
    // The entry in the tree is not up to date: after a restart of the agent it says down for a moment, and by that the budget
    // would not be looked at.
    lookOnceWritten(deps);
    return state;
  }
  state.isActing = true;
  context.pipeToSelf(
    async (signal) => {
      // As a host that is down it may pass beyond the budget. If it serves again, the runner tells, and it is decided anew.
      if (own?.state === "down" && await isServing({ options, context, signal })) return false;
      const slot = toSlot({ ...change, step: "stopping" }, host);
      return await passFence(zookeeper, { service, slot, reading });
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

/** Ends a switch that has not stopped anything: the slot goes back, the service goes on. */
function turnBack(
  state: State,
  reading: Reading,
  { change, reason, deps }: {
    readonly change: Switch;
    readonly reason: string;
    readonly deps: Deps;
  },
): State {
  const { options, context } = deps;
  const { zookeeper } = state;
  if (zookeeper === null) return state;
  const { host, service, config } = options;
  context.log.warn("{service}: does not switch to {to}, and gives its slot back: {reason}", {
    service,
    to: change.to,
    reason,
  });
  context.cancelTask("step");
  state.change = null;
  state.isDrained = false;
  const patch = { waitingFor: shorten(reason) };
  options.registrar.tell({ type: "update", service, patch, slot: null });
  state.isActing = true;
  context.pipeToSelf(
    async (signal) => {
      try {
        await giveSlotBack(zookeeper, service, { slot: toSlot(change, host), view: reading.view });
      } finally {
        // Also when the slot stands for now: without a switch it is given back with the next reading.
        await undrain({ config, ports: options.ports, log: context.log, signal });
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
