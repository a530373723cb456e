/**
 * Reads what the coordinator decides on, one reading at a time.
 *
 * @module
 */

import { readService } from "../../coordination/mod.ts";
import type { Deps, State } from "./state.ts";

/**
 * Reads the tree. If a reading is under way, one more follows it. From the fence to the report of a switch nothing is decided,
 * so nothing is read.
 */
export function readTree(state: State, { options, context }: Deps): State {
  const { zookeeper, phase } = state;
  const isPastFence = phase.kind === "switching" || phase.kind === "reporting";
  if (zookeeper === null || isPastFence) return state;
  state.isStale = state.isReading;
  if (state.isReading) return state;
  state.isReading = true;
  context.pipeToSelf(() => readService(zookeeper, options.service), {
    ok: (reading) => ({ type: "read", reading }),
    error: (error) => ({ type: "read_failed", error }),
  });
  return state;
}
