/**
 * Recording an event of a rollout.
 *
 * @module
 */

import { encodeEntry } from "../entries.ts";
import type { RolloutEvent } from "../rollout_event.ts";
import { eventPrefix } from "../tree.ts";
import type { TreeOperation } from "./operation.ts";

/**
 * Adds an event to the record of a rollout, which must be there: it is part of the transaction that makes it happen, so that
 * what is recorded has happened.
 */
export function recordEvent(rollout: string, event: RolloutEvent): TreeOperation {
  return {
    op: "create",
    path: eventPrefix(rollout),
    data: encodeEntry(event),
    mode: "persistent_sequential",
  };
}
