/** Spans of messages, with a context of our own in place of Deno's, which is on only where spans are exported. */

import {
  type Context,
  context,
  type ContextManager,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { messageSpans } from "../../../../actors/observer/message_spans.ts";
import type { ActorContext, ActorRef } from "../../../../actors/runtime/mod.ts";
import { type Fixture, withSystem } from "../runtime/fixture.ts";

interface Recorded {
  readonly name: string;
  readonly parent: string | undefined;
  readonly links: readonly string[];
  readonly attributes: unknown;
  status: SpanStatus | undefined;
  ended: number;
}

/** Keeps what was traced. */
class RecordingTracer {
  readonly spans: Recorded[] = [];

  startSpan(name: string, options: SpanOptions = {}, within: Context = ROOT_CONTEXT): Span {
    const nameOf = (id: string | undefined): string => this.spans[Number(id)]?.name ?? "unknown";
    const parent = trace.getSpanContext(within)?.spanId;
    const recorded: Recorded = {
      name,
      parent: parent === undefined ? undefined : nameOf(parent),
      links: (options.links ?? []).map((link: Link) => nameOf(link.context.spanId)),
      attributes: options.attributes,
      status: undefined,
      ended: 0,
    };
    const spanId = String(this.spans.push(recorded) - 1);
    const span = {
      spanContext: () => ({ traceId: "1", spanId, traceFlags: 1 }),
      setStatus: (status: SpanStatus) => (recorded.status = status, span),
      end: () => void recorded.ended++,
    };
    return span as unknown as Span;
  }

  /** `child < parent` and `later ~ cause`. */
  lines(): string[] {
    return this.spans.map(({ name, parent, links }) =>
      name + (parent === undefined ? "" : ` < ${parent}`) + links.map((one) => ` ~ ${one}`).join("")
    );
  }
}

async function withSpans(
  test: (fixture: Fixture, tracer: RecordingTracer) => Promise<void>,
): Promise<void> {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, thisArg, ...args) =>
      storage.run(active, () => run.call(thisArg as never, ...args)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  assert.ok(context.setGlobalContextManager(manager));
  const tracer = new RecordingTracer();
  try {
    const messageHooks = messageSpans(tracer as unknown as Tracer);
    await withSystem((fixture) => test(fixture, tracer), { messageHooks });
    assert.ok(tracer.spans.every(({ ended }) => ended === 1));
  } finally {
    context.disable();
  }
}

interface Message {
  readonly type: string;
  readonly to?: ActorRef<Message>;
}

Deno.test("messageSpans: what is told while a message is handled belongs to its trace", () =>
  withSpans(async ({ system, clock }, tracer) => {
    const definition = {
      init: () => null,
      receive(state: null, { type, to }: Message) {
        if (type === "crash") throw new Error("no");
        to?.tell({ type: "crash" });
        to?.tell({ type: "after" });
        return state;
      },
    };
    const second = system.spawn("second", definition);
    system.spawn("first", definition).tell({ type: "go", to: second });
    await clock.settle();
    assert.deepEqual(tracer.lines(), ["first go", "second crash < first go"]);
    const [go, crash] = tracer.spans;
    assert.deepEqual(go?.attributes, { "rollcall.actor": "/first", "rollcall.message": "go" });
    assert.equal(go?.status, undefined);
    assert.deepEqual(crash?.status, { code: SpanStatusCode.ERROR, message: "no" });
  }));

Deno.test("messageSpans: what comes later begins a trace with a link to its cause", () =>
  withSpans(async ({ system, clock }, tracer) => {
    const actor = system.spawn("actor", {
      init: () => null,
      receive(state: null, { type }: Message, context: ActorContext<Message>) {
        if (type === "go") {
          const outcome = (): Message => ({ type: "outcome" });
          context.pipeToSelf(() => Promise.resolve(), { ok: outcome, error: outcome });
          context.timers.after("tick", 10, { type: "tick" });
        }
        return state;
      },
    });
    actor.tell({ type: "go" });
    await clock.advance(10);
    assert.deepEqual(tracer.lines(), ["actor go", "actor outcome ~ actor go", "actor tick"]);
  }));

Deno.test("messageSpans: actors that keep each other busy do not make a trace without end", () =>
  withSpans(async ({ system, clock }, tracer) => {
    let left = 250;
    const actor = system.spawn("actor", {
      init: () => null,
      receive(state: null, message: string, { self }: ActorContext<string>) {
        if (--left > 0) self.tell(message);
        return state;
      },
    });
    actor.tell("again");
    await clock.settle();
    assert.equal(tracer.spans.length, 250);
    const beginnings = tracer.spans.flatMap(({ parent, links }, index) =>
      parent === undefined ? [`${index} ${links.length}`] : []
    );
    assert.deepEqual(beginnings, ["0 0", "100 1", "200 1"]);
  }));

Deno.test("messageSpans: a message from outside belongs to the trace that is under way there", () =>
  withSpans(async ({ system, clock }, tracer) => {
    const actor = system.spawn("actor", { init: () => null, receive: (state: null) => state });
    const request = tracer.startSpan("GET /status");
    context.with(trace.setSpan(ROOT_CONTEXT, request), () => void actor.tell("list" as never));
    request.end();
    await clock.settle();
    assert.deepEqual(tracer.lines(), ["GET /status", "actor string < GET /status"]);
  }));
