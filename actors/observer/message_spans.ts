/**
 * The flow of messages as spans of OpenTelemetry: one span for each message that is handled, whose parent is the span in
 * which it was told. Deno exports them when the agent runs with `OTEL_DENO=true`.
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

/** Longest chain of messages in one trace: actors that keep each other busy for ever must not make an endless one. */
const TRACE_DEPTH = 100;

/** What is attached to a message from where it was told to where it is handled. */
interface Cause {
  readonly context: Context;
  readonly links: Link[];
  readonly depth: number;
}

const NO_CAUSE: Cause = { context: ROOT_CONTEXT, links: [], depth: 0 };

/**
 * Makes the message hooks for an actor system. Messages that are told while a message is handled belong to the same trace.
 * Messages that come later, from a task, a timer or a watch that it has started, begin a new trace with a link to it,
 * because they may go on for ever; so does the hundredth of a chain. The contents of messages stay out of the spans: they
 * may be large, and confidential.
 */
export function messageSpans(tracer: Tracer = trace.getTracer("rollcall.actors")): MessageHooks {
  /** The number of messages in the chain up to each span. */
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

/** The `type` of a message. There are few of them, so they can be names of spans. */
function typeOf(message: unknown): string {
  if (typeof message !== "object" || message === null) return typeof message;
  return "type" in message && typeof message.type === "string" ? message.type : "object";
}
