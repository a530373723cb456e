/**
 * Looks now and then how far the first wave has come, whichever service it is for, and halts the rollout when it has got no
 * further for as long as its policy allows. One for each agent, also where none of the wave's hosts is: they may all be away.
 *
 * A look is one request. There are five within a deadline, each host's at its own moments: so of a large fleet somebody looks
 * soon after the deadline, and few at once.
 *
 * @module
 */

import { haltIfStalled, ProgressReader } from "../../coordination/mod.ts";
import {
  CONTROL,
  DEPLOY,
  isOverdue,
  noteProgress,
  type ProgressMark,
  type WaveProgress,
} from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { ActorContext, ActorDefinition, ActorRef, Subscribable } from "../runtime/mod.ts";
import { inTime } from "../session/in_time.ts";
import type { SessionEvent, SessionMessage, ZnodeEvent } from "../session/session.ts";

/** Looks within a deadline. */
const LOOKS = 5;

/** Least and most time between two looks, in ms: a short deadline costs no more than that, a long one is not forgotten. */
const GAP_MS = [1_000, 600_000] as const;

/** Time from a change of control or of the deploy queue to the first look, in ms. Many waves are over by then, and cost nothing. */
const FIRST_LOOK_MS = 45_000;

/** Time to the next look after one that has failed, or after a halt that was refused, in ms. */
const RETRY_MS = 3_000;

/** Most time between two looks while the wave is frozen, in ms: somebody may set the clock meanwhile. */
const FROZEN_GAP_MS = 3_600_000;

/** How many gaps may pass without a look before the wait begins anew. */
const MISSED_LOOKS = 3;

/** The messages of the actor. */
export type ProgressMessage =
  | SessionEvent
  | ZnodeEvent
  | { readonly type: "look_due" }
  | { readonly type: "looked"; readonly seen: WaveProgress | null }
  | { readonly type: "look_failed"; readonly error: unknown }
  | { readonly type: "halt_answer"; readonly reason: string | null };

/** What the actor works with. */
export interface ProgressOptions {
  readonly host: string;
  readonly session: ActorRef<SessionMessage>;
  readonly sessionEvents: Subscribable<SessionEvent>;
}

interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  reader: ProgressReader;
  mark: ProgressMark | null;
}

type Context = ActorContext<ProgressMessage>;

/** Makes the actor. */
export function progressWatch(options: ProgressOptions): ActorDefinition<State, ProgressMessage> {
  return {
    name: "progress",
    init(context) {
      options.sessionEvents.subscribe(context.adapt((event: SessionEvent) => event));
      return { zookeeper: null, reader: new ProgressReader(), mark: null };
    },
    receive(state, message, context) {
      receive(state, message, { options, context });
      return state;
    },
    summarize: ({ mark }) =>
      mark === null ? "nothing to watch" : `${mark.doneCount} done, ${mark.readyCount} ready`,
  };
}

function receive(
  state: State,
  message: ProgressMessage,
  { options, context }: { readonly options: ProgressOptions; readonly context: Context },
): void {
  switch (message.type) {
    case "session_connected":
      state.zookeeper = message.zookeeper;
      // The fleet could do nothing without ZooKeeper: the wait begins anew.
      state.mark = null;
      for (const path of [CONTROL, DEPLOY]) {
        options.session.tell({ type: "watch", path, subscriber: context.self });
      }
      return lookSoon(context);
    case "session_suspended":
      state.zookeeper = null;
      return;
    case "znode_changed":
      return lookSoon(context);
    case "look_due":
      return look(state, context);
    case "looked":
      return onLooked(state, message.seen, { options, context });
    case "look_failed":
      context.log.debug("the progress of the wave was not read: {error}", { error: message.error });
      return lookIn(RETRY_MS, context);
    case "halt_answer":
      if (message.reason !== null) {
        context.log.warn("the rollout is halted: {reason}", { reason: message.reason });
      }
      return lookIn(RETRY_MS, context);
  }
}

function look({ zookeeper, reader }: State, context: Context): void {
  if (zookeeper === null) return;
  const { clock } = context;
  const reading = reader.read(zookeeper, { isFresh: false, wallTimeMs: clock.wallTimeMs() });
  context.pipeToSelf(
    (signal) => inTime(reading, { clock, signal }),
    {
      ok: (seen) => ({ type: "looked", seen }),
      error: (error) => ({ type: "look_failed", error }),
    },
    { key: "look" },
  );
}

function onLooked(
  state: State,
  seen: WaveProgress | null,
  { options: { host }, context }: { readonly options: ProgressOptions; readonly context: Context },
): void {
  const { zookeeper } = state;
  if (seen === null || zookeeper === null) {
    // The next wave, and an operator's word, are told by the watches.
    state.mark = null;
    return;
  }
  const nowMs = context.clock.nowMs();
  const [leastMs, mostMs] = GAP_MS;
  const gapMs = Math.min(mostMs, Math.max(leastMs, seen.policy.progressDeadlineMs / LOOKS));
  const mark = noteProgress(state.mark, seen, { nowMs, gapMs: MISSED_LOOKS * gapMs });
  state.mark = mark;
  if (!isOverdue(mark, seen, nowMs)) {
    return lookIn(Math.max(gapMs, Math.min(seen.frozenMs, FROZEN_GAP_MS)), context);
  }
  const wallTimeMs = context.clock.wallTimeMs();
  const halt = haltIfStalled(zookeeper, { host, mark, nowMs, wallTimeMs });
  context.pipeToSelf((signal) => inTime(halt, { clock: context.clock, signal }), {
    ok: (reason) => ({ type: "halt_answer", reason }),
    error: (error) => ({ type: "look_failed", error }),
  }, { key: "halt" });
}

/** Looks a while after something that the whole fleet hears of, unless a look is due already. */
function lookSoon(context: Context): void {
  if (!context.timers.isActive("look")) lookIn(FIRST_LOOK_MS, context);
}

/** Looks after `delayMs`, give or take a fifth. */
function lookIn(delayMs: number, context: Context): void {
  const jitter = 0.8 + 0.4 * context.random.next();
  context.timers.after("look", delayMs * jitter, { type: "look_due" });
}
