/**
 * Turns snapshots, events and traces of an actor system into a form that JSON can carry and people can read.
 *
 * @module
 */

import { inspect } from "node:util";
import type { ActorSnapshot, Clock, FlightEvent, TraceEvent } from "../runtime/mod.ts";
import type { RecordedEvent, TracedMessage } from "./contract.ts";

/** Longest text of a message or failure, in characters: a line or two on a screen. */
const TEXT_LIMIT = 400;

/** A snapshot whose summaries JSON can carry. */
export function plainSnapshot({ summary, children, ...actor }: ActorSnapshot): ActorSnapshot {
  return { ...actor, summary: plainSummary(summary), children: children.map(plainSnapshot) };
}

function plainSummary(summary: unknown): unknown {
  try {
    JSON.stringify(summary);
    return summary;
  } catch (error) {
    return { error: String(error) };
  }
}

/** Events with the time of day and the failures as text. */
export function plainEvents(events: readonly FlightEvent[], clock: Clock): RecordedEvent[] {
  const toIso = isoTimes(clock);
  return events.map((event) => {
    const { number, atMs, path, type } = event;
    return {
      number,
      at: toIso(atMs),
      path: path === "" ? "/" : path,
      type,
      detail: detailOf(event),
    };
  });
}

function detailOf(event: FlightEvent): string | null {
  switch (event.type) {
    case "failed":
      return describeError(event.error);
    case "ended":
    case "dead_letter":
      return event.reason;
    case "started":
    case "restarted":
      return null;
  }
}

/** A handled message or signal as one line of text. It never throws, whatever the message is. */
export function plainTrace(
  { atMs, tookMs, handled, failure }: TraceEvent,
  { number, clock }: { readonly number: number; readonly clock: Clock },
): TracedMessage {
  const what = handled.type === "message" ? handled.message : handled.signal;
  return {
    number,
    at: isoTimes(clock)(atMs),
    tookMs,
    kind: handled.type,
    text: describe(what),
    failure: failure === undefined ? null : describeError(failure.error),
  };
}

/** The failure's message with those of its causes. */
export function describeError(error: unknown): string {
  const texts: string[] = [];
  // At most five: a chain of causes may form a cycle.
  for (let cause = error, depth = 0; cause !== undefined && depth < 5; depth++) {
    texts.push(cause instanceof Error ? cause.message : describe(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return cut(texts.join("; because: "));
}

function describe(value: unknown): string {
  if (typeof value === "string") return cut(value);
  try {
    return cut(inspect(value, {
      depth: 2,
      breakLength: Infinity,
      maxArrayLength: 10,
      maxStringLength: 100,
      // A custom inspection may return anything, throw, or take long.
      customInspect: false,
    }));
  } catch (error) {
    return cut(`cannot be shown: ${String(error)}`);
  }
}

function cut(text: string): string {
  return text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT - 1)}…`;
}

/** Converts times of the monotonic clock to the time of day. */
function isoTimes(clock: Clock): (atMs: number) => string {
  const offsetMs = clock.wallTimeMs() - clock.nowMs();
  return (atMs) => new Date(offsetMs + atMs).toISOString();
}
