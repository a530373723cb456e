/**
 * Shows the agent's actors to whoever asks, from other processes too: what `rollcall actors` looks at. It only reads.
 *
 * @module
 */

import type { ActorDefinition, ActorSystem } from "../runtime/mod.ts";
import { noTrace, type ObserverMessage } from "./contract.ts";
import { plainEvents, plainSnapshot } from "./plain.ts";
import { TraceLog } from "./trace_log.ts";

/** The parts of a system that the observer shows. */
export type Observable = Pick<ActorSystem, "tree" | "flightRecord" | "trace" | "clock">;

/** Traces at once: each has every message of its actor put into words. */
const TRACE_LIMIT = 16;

/** A trace at which nobody looked for so long has no reader any more: those who look do so every second. */
const TRACE_IDLE_MS = 10_000;

/** Time between two looks for traces without a reader. */
const TIDY_INTERVAL_MS = 5_000;

/** What the observer takes: its contract, and its own timer. */
type Message = ObserverMessage | { readonly type: "tidy_due" };

interface State {
  readonly traces: ReadonlyMap<string, TraceLog>;
  /** Where the numbers of the next trace begin, so that none of an earlier one's comes again. */
  readonly nextNumber: number;
}

/** The observer of a system; tell it what {@link ObserverMessage} says. */
export function observerActor(system: Observable): ActorDefinition<State, Message> {
  return {
    name: "observer",
    // Those who look come back in a second; a queue of them would only show the same.
    mailbox: { capacity: 64 },
    init: () => ({ traces: new Map(), nextNumber: 0 }),
    receive(state, message, context) {
      switch (message.type) {
        case "look":
          message.replyTo.tell(system.tree().map(plainSnapshot));
          return state;
        case "events":
          message.replyTo.tell(plainEvents(system.flightRecord(), system.clock));
          return state;
        case "trace": {
          const known = state.traces.get(message.path);
          if (known !== undefined) {
            message.replyTo.tell(known.look(message.from));
            return state;
          }
          if (state.traces.size >= TRACE_LIMIT) {
            message.replyTo.tell(noTrace("too_many_traces"));
            return state;
          }
          const log = new TraceLog(message.path, system, state.nextNumber);
          const look = log.look(message.from);
          message.replyTo.tell(look);
          if (look.status !== "traced") return state;
          context.timers.after("tidy", TIDY_INTERVAL_MS, { type: "tidy_due" });
          return { ...state, traces: new Map([...state.traces, [message.path, log]]) };
        }
        case "tidy_due": {
          const next = tidy(state, system.clock.nowMs());
          if (next.traces.size > 0) {
            context.timers.after("tidy", TIDY_INTERVAL_MS, { type: "tidy_due" });
          }
          return next;
        }
      }
    },
    onStop({ traces }) {
      for (const trace of traces.values()) trace.end();
    },
    summarize: ({ traces }) => traces.size === 0 ? null : { traces: [...traces.keys()] },
  };
}

/** Ends the traces at which nobody looks any more. */
function tidy({ traces, nextNumber }: State, nowMs: number): State {
  const kept = new Map<string, TraceLog>();
  let next = nextNumber;
  for (const [path, trace] of traces) {
    if (nowMs - trace.lookedAtMs < TRACE_IDLE_MS) {
      kept.set(path, trace);
      continue;
    }
    trace.end();
    next = Math.max(next, trace.next);
  }
  return { traces: kept, nextNumber: next };
}
