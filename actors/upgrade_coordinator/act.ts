/**
 * One change of the tree, begun by a decision. Nothing else is decided until its outcome is known.
 *
 * @module
 */

import { inTime } from "../session/in_time.ts";
import type { CoordinatorMessage } from "./messages.ts";
import type { Deps, State } from "./state.ts";

/**
 * Begins a change. Its outcome comes back as a message. It is for a host that has nothing under way.
 *
 * @param onDone The message of a change that has been made. Default: that it has.
 */
export function act<T>(
  state: State,
  { what, change, onDone = () => ({ type: "acted", what, error: null }) }: {
    readonly what: string;
    readonly change: () => Promise<T>;
    readonly onDone?: (result: T) => CoordinatorMessage;
  },
  { context }: Deps,
): void {
  state.phase = { kind: "acting", interrupted: null };
  context.pipeToSelf((signal) => inTime(change(), { clock: context.clock, signal }), {
    ok: onDone,
    error: (error) => ({ type: "acted", what, error: error ?? new Error("unknown") }),
  });
}
