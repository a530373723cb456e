/**
 * Gives back a slot that stands without a switch, such as one whose journal is lost.
 *
 * @module
 */

import { giveSlotBack } from "../../coordination/mod.ts";
import { isHeld, type Slot } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { inTime } from "../session/in_time.ts";
import { undrain } from "./hooks.ts";
import type { Deps, Reading, State } from "./state.ts";

/**
 * Gives the slot back. Its host may have been drained for the switch, and nobody else would have it sent work again; so that
 * comes first, since the slot alone tells of it. A record of a failure is taken away after a way back, which has seen to that.
 */
export function returnSlot(
  state: State,
  reading: Reading,
  { slot, zookeeper, deps: { options, context } }: {
    readonly slot: Slot;
    readonly zookeeper: ZooKeeper;
    readonly deps: Deps;
  },
): void {
  const { service } = options;
  const { isDrained, running } = state;
  const version = running?.version ?? slot.from ?? slot.to;
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf(
    async (signal) => {
      if (isHeld(slot)) {
        await undrain(version, { ...options, log: context.log, signal, isDrained });
      }
      const given = giveSlotBack(zookeeper, service, { slot, reading });
      await inTime(given, { clock: context.clock, signal });
    },
    {
      ok: () => ({ type: "acted", what: "give back the slot", error: null }),
      error: (error) => ({
        type: "acted",
        what: "give back the slot",
        error: error ?? new Error("unknown"),
      }),
    },
  );
}
