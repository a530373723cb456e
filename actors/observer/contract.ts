/**
 * The remote contract of the observer: what it is asked and what it answers. The agent and `rollcall actors` both use it.
 *
 * @module
 */

import { z } from "zod";
import type { ActorSnapshot, ReplyTo } from "../runtime/mod.ts";
import { type RemoteContract, remoteContract, replyTo } from "../runtime/remote/mod.ts";

/** One of the last events of the agent's actors, as people read it. */
export interface RecordedEvent {
  /** Counts up from the agent's start. */
  readonly number: number;
  /** When it happened, ISO 8601. */
  readonly at: string;
  readonly path: string;
  readonly type: "started" | "restarted" | "failed" | "ended" | "dead_letter";
  /** The failure's text, or the reason of an end or a dead letter; null for starts. */
  readonly detail: string | null;
}

/** One message or signal that a traced actor handled. */
export interface TracedMessage {
  /** Counts up by one. */
  readonly number: number;
  /** When its handling began, ISO 8601. */
  readonly at: string;
  readonly tookMs: number;
  readonly kind: "message" | "signal";
  /** The message, shortened. */
  readonly text: string;
  /** What the actor threw; null if it handled it. */
  readonly failure: string | null;
}

/** The part of a trace that one look shows. */
export interface TraceLook {
  /** Whether there is an actor at that path now, and it is traced. */
  readonly status: "traced" | "no_such_actor" | "too_many_traces";
  /** To be passed as `from` next time. */
  readonly next: number;
  /** Messages from `from` on that were handled and are not kept any more. */
  readonly lost: number;
  readonly handled: readonly TracedMessage[];
}

/** The answer to a look at a trace that does not exist. */
export function noTrace(status: Exclude<TraceLook["status"], "traced">): TraceLook {
  return { status, next: 0, lost: 0, handled: [] };
}

/** The messages of the observer. */
export type ObserverMessage =
  /** The tree as it stands. */
  | { readonly type: "look"; readonly replyTo: ReplyTo<readonly ActorSnapshot[]> }
  /** The last events, oldest first. */
  | { readonly type: "events"; readonly replyTo: ReplyTo<readonly RecordedEvent[]> }
  /**
   * What one actor has handled since the last look. The first look begins the trace; it ends when
   * nobody has looked for some seconds.
   */
  | {
    readonly type: "trace";
    readonly path: string;
    /** `next` of the look before; null at the first. */
    readonly from: number | null;
    readonly replyTo: ReplyTo<TraceLook>;
  };

const snapshotSchema: z.ZodType<ActorSnapshot> = z.object({
  name: z.string(),
  kind: z.string(),
  path: z.string(),
  status: z.enum(["new", "running", "ending", "down", "stopped"]),
  mailboxLength: z.number(),
  restarts: z.number(),
  handled: z.number(),
  dropped: z.number(),
  msPerMessage: z.number().nullable(),
  // JSON leaves undefined out.
  summary: z.unknown().transform((summary) => summary ?? null),
  get children() {
    return z.array(snapshotSchema);
  },
});

const eventSchema: z.ZodType<RecordedEvent> = z.object({
  number: z.number(),
  at: z.string(),
  path: z.string(),
  type: z.enum(["started", "restarted", "failed", "ended", "dead_letter"]),
  detail: z.string().nullable(),
});

const traceSchema: z.ZodType<TraceLook> = z.object({
  status: z.enum(["traced", "no_such_actor", "too_many_traces"]),
  next: z.number(),
  lost: z.number(),
  handled: z.array(z.object({
    number: z.number(),
    at: z.string(),
    tookMs: z.number(),
    kind: z.enum(["message", "signal"]),
    text: z.string(),
    failure: z.string().nullable(),
  })),
});

/** The name and schema under which an agent exports its observer. */
export const observerContract: RemoteContract<ObserverMessage> = remoteContract(
  "observer",
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("look"), replyTo: replyTo(z.array(snapshotSchema).readonly()) }),
    z.object({ type: z.literal("events"), replyTo: replyTo(z.array(eventSchema).readonly()) }),
    z.object({
      type: z.literal("trace"),
      path: z.string(),
      from: z.number().nullable(),
      replyTo: replyTo(traceSchema),
    }),
  ]),
);
