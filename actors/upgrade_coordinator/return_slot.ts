/**
 * Gives back a slot that stands without a switch, such as one whose journal is lost.
 *
 * @module
 */

import { isHeld, type Slot } from "../../rollout/mod.ts";
import type { RegistrarMessage, ReturnOutcome } from "../registrar/messages.ts";
import { ask } from "../runtime/mod.ts";
import { switchHookTools } from "./drain.ts";
import { undrain } from "./hooks.ts";
import type { Deps, Reading, State } from "./state.ts";

/** How long it may take. The transaction takes milliseconds, but the connection may have to be made again. */
const RETURN_TIMEOUT_MS = 30_000;

/**
 * Gives the slot back. Its host may have been drained for the switch, and nobody else would have it sent work again; so that
 * comes first, since the slot alone tells of it. A record of a failure is taken away after a way back, which has seen to that.
 *
 * The registrar does it, with the marker by which the host counts as ready for the wave while the slot stands.
 */
export function returnSlot(
  state: State,
  reading: Reading,
  { slot, deps }: { readonly slot: Slot; readonly deps: Deps },
): void {
  const { options: { service, registrar }, context } = deps;
  const { running } = state;
  const version = running?.version ?? slot.from ?? slot.to;
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf(
    async (signal) => {
      if (isHeld(slot)) await undrain(version, switchHookTools(state, signal, deps));
      const outcome = await ask<RegistrarMessage, ReturnOutcome>(
        registrar,
        (replyTo) => ({ type: "give_back", service, slot, reading, replyTo }),
        { timeoutMs: RETURN_TIMEOUT_MS, signal },
      );
      if (!outcome.ok) throw new Error(outcome.reason);
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
