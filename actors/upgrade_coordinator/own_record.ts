/**
 * The record that this host has failed, or is left out. When an operator has it try again (`rollout retry`), the record goes, and
 * nothing else tells the host: so it goes by that.
 *
 * @module
 */

import { isHeld, type Slot } from "../../rollout/mod.ts";
import { withRecord } from "./machine/drain.ts";
import { type Deps, endHoldBack, healthPatch, type Reading, type State } from "./state.ts";
import { lookAgain } from "./trouble.ts";

/** Notes whether the host has a record, and tries anew what it was of if it has none any more. */
export function noteOwnRecord(state: State, reading: Reading, deps: Deps): void {
  const before = state.record;
  const slot = reading.census.slots.get(deps.options.host)?.slot;
  state.record = slot === undefined || isHeld(slot) ? null : slot;
  if (deps.options.config.undrain !== undefined) {
    const isServing = healthPatch(state).state === "serving";
    state.drain = withRecord(state.drain, { record: state.record, isServing });
  }
  if (before !== null && slot === undefined) tryAnew(state, reading, { slot: before, deps });
}

/** An operator wants another try of what the record is of: at once, and with as much time as the first one. */
export function tryAnew(
  state: State,
  { census }: Reading,
  { slot, deps }: { readonly slot: Slot; readonly deps: Deps },
): void {
  state.record = null;
  state.attempt = null;
  state.attemptBefore = null;
  endHoldBack(state, deps);
  if (slot.cause === "watch") lookAgain(state, census.policy, deps);
}
