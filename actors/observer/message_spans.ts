/**
 * The flow of messages as spans of OpenTelemetry: one for each message that is handled, below the one in which it was
 * told. Deno exports them when the agent runs with `OTEL_DENO=true`.
 *
 * @module
 */

import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { MessageHooks } from "../runtime/mod.ts";
import { describeError } from "./plain.ts";

/** Messages in a row that make one trace: actors that keep each other busy for ever must not make one without end. */
const TRACE_DEPTH = 100;

/** What a message carries from where it was told to where it is handled. */
interface Cause {
  readonly context: Context;
  readonly links: Link[];
  readonly depth: number;
}

const NO_CAUSE: Cause = { context: ROOT_CONTEXT, links: [], depth: 0 };

/**
 * Hooks for an actor system. What is told while a message is handled belongs to the same trace. What comes later, from a
 * task, a timer or a watch that it started, begins a trace with a link to it, for that may go on for ever; so does the
 * last of a hundred in a row. The messages themselves stay out of the spans: they may be large, and are not for everybody.
 */
export function messageSpans(tracer: Tracer = trace.getTracer("rollcall.actors")): MessageHooks {
  /** How many messages led to each span of ours. */
  const depths = new WeakMap<Span, number>();
  const ended = new WeakSet<Span>();
  return {
    onTell(): Cause {
      const active = context.active();
      const span = trace.getSpan(active);
      const depth = (span === undefined ? 0 : depths.get(span)) ?? 0;
      if (span === undefined || (!ended.has(span) && depth < TRACE_DEPTH)) {
        return { context: active, links: [], depth };
      }
      return { ...NO_CAUSE, links: [{ context: span.spanContext() }] };
    },
    onHandle({ by, message, carried }, handle) {
      const cause = carried as Cause | undefined ?? NO_CAUSE;
      const type = typeOf(message);
      const span = tracer.startSpan(`${by.slice(by.lastIndexOf("/") + 1)} ${type}`, {
        kind: SpanKind.CONSUMER,
        attributes: { "rollcall.actor": by, "rollcall.message": type },
        links: cause.links,
      }, cause.context);
      depths.set(span, cause.depth + 1);
      const failure = context.with(trace.setSpan(cause.context, span), handle);
      if (failure !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(failure.error) });
      }
      span.end();
      ended.add(span);
    },
  };
}

/** `check` of `{type: "check", …}`; few names, so that they can be counted. */
function typeOf(message: unknown): string {
  if (typeof message !== "object" || message === null) return typeof message;
  return "type" in message && typeof message.type === "string" ? message.type : "object";
}
