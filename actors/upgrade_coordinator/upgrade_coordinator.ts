/**
 * Takes one service of this host through its upgrades: stages releases, takes a slot, switches, bakes, rolls back, ends
 * waves. It decides by the rules of `rollout/` on readings of the tree; every decision is enforced by a transaction.
 *
 * @module
 */

import { readService } from "../../coordination/mod.ts";
import { CONTROL, DEPLOY, EntryError, type Preparation } from "../../rollout/mod.ts";
import type { ActorDefinition } from "../runtime/mod.ts";
import type { HealthEvent } from "../runner/messages.ts";
import type { PinnedEvent } from "../pinner/messages.ts";
import type { SessionEvent } from "../session/session.ts";
import { decide } from "./decide.ts";
import type { CoordinatorMessage, CoordinatorOptions } from "./messages.ts";
import {
  firstState,
  healthPatch,
  holdBack,
  lockedBytes,
  lookAfter,
  type Own,
  reasonOf,
  type State,
  waitFor,
} from "./state.ts";
import { fromJournal, resume } from "./switch.ts";
import { beginSwitch, onReported, onStepFailed, onStepTaken, report } from "./switch_progress.ts";

/** Time before the tree is read again after a reading or a change has failed. */
const AFTER_ERROR_MS = 1_000;

/** The upgrade coordinator of one service. */
export function upgradeCoordinator(
  options: CoordinatorOptions,
): ActorDefinition<State, CoordinatorMessage> {
  return {
    name: "upgrade_coordinator",
    init(context) {
      // Adapters end with this incarnation, so that the next one is told again how things stand.
      options.sessionEvents.subscribe(context.adapt((event: SessionEvent) => event));
      options.healthEvents.subscribe(context.adapt((event: HealthEvent) => event));
      options.pinnedEvents.subscribe(context.adapt((event: PinnedEvent) => event));
      for (const path of [CONTROL, DEPLOY]) {
        options.session.tell({ type: "watch", path, subscriber: context.self });
      }
      return firstState({ options, context });
    },
    receive(state, message, context) {
      return receive(state, message, { options, context });
    },
    summarize: (
      { hasRejoined, preparing, prepared, predecessor, change, failures, lastFailed },
    ) => ({
      rejoined: hasRejoined,
      preparing,
      prepared,
      behind: predecessor,
      switch: change === null
        ? null
        : `${change.from ?? "nothing"} to ${change.to}: ${change.step}`,
      failed: failures === 0 ? null : `${lastFailed}, ${failures} in a row`,
    }),
  };
}

function receive(state: State, message: CoordinatorMessage, own: Own): State {
  const { options, context } = own;
  switch (message.type) {
    case "session_connected":
      state.zookeeper = message.zookeeper;
      if (message.sessionId !== state.sessionId) {
        state.sessionId = message.sessionId;
        state.hasRejoined = false;
        state.predecessor = null;
      }
      // A change that was under way when the connection broke has answered with an error or will.
      return look(state, own);
    case "session_suspended":
      state.zookeeper = null;
      return state;
    case "znode_changed":
    case "look_due":
      return look(state, own);
    case "read":
      state.isReading = false;
      state.readingProblems.tell(options.service, message.reading.problems, context.log);
      decide(state, message.reading, own);
      return state.isStale ? look(state, own) : state;
    case "read_failed":
      state.isReading = false;
      if (message.error instanceof EntryError) {
        state.readingProblems.tell(options.service, [message.error.message], context.log);
      }
      context.log.debug("{service}: tree not read: {error}", {
        service: options.service,
        error: message.error,
      });
      lookAfter(AFTER_ERROR_MS, own);
      return state;
    case "acted":
      return onActed(state, message, own);
    case "health_changed":
      return onHealth(state, message, own);
    case "pinned_changed": {
      state.locked = message.versions;
      const patch = { pinnedBytes: lockedBytes(state) };
      options.registrar.tell({ type: "update", service: options.service, patch });
      return state;
    }
    case "fetch_progress": {
      const { version, phase, progress, received, pause } = message;
      if (state.preparing === version) {
        const paused = pause === null ? {} : { pause };
        showPreparation({ version, phase, progress, ...paused }, own);
      }
      options.registrar.tell({ type: "update", service: options.service, patch: { received } });
      return state;
    }
    case "pin_progress": {
      const { version, progress } = message;
      if (state.preparing === version) {
        showPreparation({ version, phase: "pinning", progress }, own);
      }
      return state;
    }
    case "prepared":
      if (state.preparing !== message.version) return state;
      state.preparing = null;
      state.prepared = message.version;
      showPreparation({ version: message.version, phase: "staged", progress: 1 }, own);
      if (message.received !== null) {
        const patch = { received: message.received };
        options.registrar.tell({ type: "update", service: options.service, patch });
      }
      return look(state, own);
    case "not_prepared":
      return onNotPrepared(state, message, own);
    case "slot_answer":
      state.isActing = false;
      if (!message.isTaken) return look(state, own);
      return beginSwitch(state, message.change, own);
    case "step_taken":
      return onStepTaken(state, message.change, own);
    case "step_failed":
      return onStepFailed(state, message, own);
    case "report_due":
      return state.change === null ? state : report(state, state.change, own);
    case "report_answer":
      return onReported(state, message.outcome, own);
  }
}

/** Reads the tree, once at a time; what happens meanwhile asks for one more reading. */
function look(state: State, { options, context }: Own): State {
  const { zookeeper } = state;
  if (zookeeper === null) return state;
  state.isStale = state.isReading;
  if (state.isReading) return state;
  state.isReading = true;
  context.pipeToSelf(() => readService(zookeeper, options.service), {
    ok: (reading) => ({ type: "read", reading }),
    error: (error) => ({ type: "read_failed", error }),
  });
  return state;
}

function onActed(
  state: State,
  message: Extract<CoordinatorMessage, { type: "acted" }>,
  own: Own,
): State {
  const { options, context } = own;
  if (message.what === "watch the predecessor") {
    if (message.error === null) return state;
    state.predecessor = null;
    return look(state, own);
  }
  state.isActing = false;
  if (message.error === null) return look(state, own);
  context.log.warn("{service}: {what}: {error}", {
    service: options.service,
    what: message.what,
    error: reasonOf(message.error),
  });
  lookAfter(AFTER_ERROR_MS, own);
  return state;
}

function onHealth(state: State, { status }: HealthEvent, own: Own): State {
  const { options } = own;
  const isFirst = state.status === null;
  state.status = status;
  const { interrupted } = state;
  if (isFirst && interrupted !== null) {
    state.interrupted = null;
    return beginSwitch(state, resume(fromJournal(interrupted), status), own);
  }
  // During a switch the steps say what the host is; a healthy new version counts only once it has baked.
  if (state.change !== null && state.change.step !== "draining") return state;
  options.registrar.tell({ type: "update", service: options.service, patch: healthPatch(state) });
  return look(state, own);
}

function onNotPrepared(
  state: State,
  { version, error }: Extract<CoordinatorMessage, { type: "not_prepared" }>,
  own: Own,
): State {
  const { options, context } = own;
  if (state.preparing !== version) return state;
  state.preparing = null;
  const delayMs = holdBack(state, version, own);
  const reason = reasonOf(error);
  context.log.warn("{service} {version}: not prepared, next try in {delayMs} ms: {reason}", {
    service: options.service,
    version,
    delayMs,
    reason,
  });
  showPreparation({ version, phase: "failed", progress: 0 }, own);
  waitFor(`${reason} (next try in ${Math.round(delayMs / 1000)} s)`, own);
  return state;
}

function showPreparation(preparation: Preparation, { options }: Own): void {
  options.registrar.tell({ type: "update", service: options.service, patch: { preparation } });
}
