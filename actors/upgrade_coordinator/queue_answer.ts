/**
 * What follows from the answer to a host that has asked to join the staging queue.
 *
 * @module
 */

import { lookAfter } from "./look.ts";
import type { CoordinatorMessage } from "./messages.ts";
import { readTree } from "./read_tree.ts";
import type { Deps, State } from "./state.ts";

/** Time before the tree is read again after the host could not join. */
const JOIN_RETRY_MS = 1_000;

/** Handles the answer: notes the place, or looks again after a while. */
export function onQueueAnswer(
  state: State,
  { release, outcome }: Extract<CoordinatorMessage, { type: "queue_answer" }>,
  deps: Deps,
): State {
  if (outcome.ok) {
    state.place = { node: outcome.node, release, ahead: null, named: null };
    return readTree(state, deps);
  }
  state.place = undefined;
  deps.context.log.debug("{service}: not in the staging queue yet: {reason}", {
    service: deps.options.service,
    reason: outcome.reason,
  });
  lookAfter(JOIN_RETRY_MS, deps);
  return state;
}
