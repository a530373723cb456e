/**
 * The observer: shows the agent's actors to `rollcall actors`. Questions come in through a remote contract; the answers are
 * read from the actor system (its tree, flight record and traces) and put into a form that JSON can carry. It changes
 * nothing.
 *
 * @module
 */

import type { ActorDefinition, ActorSystem } from "../runtime/mod.ts";
import { noTrace, type ObserverMessage } from "./contract.ts";
import { plainEvents, plainSnapshot } from "./plain.ts";
import { TraceLog } from "./trace_log.ts";

/** The parts of a system that the observer shows. */
export type Observable = Pick<ActorSystem, "tree" | "flightRecord" | "trace" | "clock">;

/** Most traces at once: each turns every message of its actor into text. */
const TRACE_LIMIT = 16;

/** Time without a look after which a trace has no reader any more: readers look every second. */
const TRACE_IDLE_MS = 10_000;

/** Time between two searches for traces without a reader. */
const TIDY_INTERVAL_MS = 5_000;

/** The messages of the observer: those of its contract, and of its own timer. */
type Message = ObserverMessage | { readonly type: "tidy_due" };

interface State {
  readonly traces: ReadonlyMap<string, TraceLog>;
  /** Where the numbers of the next trace begin, so that no number of an earlier trace is used again. */
  readonly nextNumber: number;
}

/** Makes the observer of an actor system. */
export function observerActor(system: Observable): ActorDefinition<State, Message> {
  return {
    name: "observer",
    // Readers ask again every second; a longer queue of questions would get the same answers.
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

/** Ends the traces without a reader. */
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
