/**
 * One change of the tree, begun by a decision. Nothing else is decided until its outcome is known.
 *
 * @module
 */

import { inTime } from "../session/in_time.ts";
import type { Deps, State } from "./state.ts";

/** Begins a change. Its outcome comes back as a message. It is for a host that has nothing under way. */
export function act(
  state: State,
  what: string,
  change: () => Promise<unknown>,
  { context }: Deps,
): void {
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf((signal) => inTime(change(), { clock: context.clock, signal }), {
    ok: () => ({ type: "acted", what, error: null }),
    error: (error) => ({ type: "acted", what, error: error ?? new Error("unknown") }),
  });
}
