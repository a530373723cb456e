/**
 * Carries out an operator's word that the host is drained, or put back, by the hooks that a switch runs as well. What is to be
 * done is decided by machine/drain.ts. What was done is known to this life of the agent alone: another one runs the hook again.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import type { Current } from "../../rollout/mod.ts";
import { type HookTools, tryHook } from "./hooks.ts";
import { lookOnceWritten } from "./look.ts";
import { isSameWord, NOT_DRAINED, type Word } from "./machine/drain.ts";
import type { Next } from "./machine/next.ts";
import type { CoordinatorMessage } from "./messages.ts";
import { readTree } from "./read_tree.ts";
import { type Deps, DRAIN_TIMER, shorten, type State } from "./state.ts";

/** Time before a hook is tried again that has failed, and at most, in ms: somebody has to mend it, and looks now and then. */
const RETRY_MS = [60_000, 1_800_000] as const;

/** Runs the hook that is due. Nothing else is decided until it is over. */
export function runDrainHook(
  state: State,
  { kind: hook, word }: Extract<Next, { kind: "drain" | "undrain" }>,
  { options, context }: Deps,
): State {
  const { service, store } = options;
  const { status } = state;
  const pid = status?.pid ?? null;
  context.log.info("{service}: {what}{why}", {
    service,
    what: hook === "drain" ? "is drained" : "is put back",
    why: word === null ? "" : ", as an operator has said",
  });
  state.phase = { kind: "acting", interrupted: null };
  const answer = (failure: string | null): CoordinatorMessage => ({
    type: "hook_run",
    hook,
    word,
    pid,
    failure,
  });
  context.pipeToSelf(
    async (signal) => {
      const version = status?.wanted ?? await store.currentVersion();
      // Nothing has ever run here that anybody could send work to.
      if (version === null) return null;
      const tools = { ...options, log: context.log, signal, isDrained: false };
      return await tryHook(hook, version, tools);
    },
    { ok: answer, error: (error) => answer(reasonOf(error)) },
    { key: "drain hook" },
  );
  return state;
}

/** Handles the end of the hook: shows it, and goes on; one that has failed is tried again. */
export function onHookRun(
  state: State,
  { hook, word, pid, failure }: Extract<CoordinatorMessage, { type: "hook_run" }>,
  deps: Deps,
): State {
  const { options, context } = deps;
  const { config } = options;
  state.phase = { kind: "idle" };
  if (failure !== null) {
    const { failed } = state.drain;
    const count = failed !== null && isSameWord(failed.word, word) ? failed.count + 1 : 1;
    const [leastMs, mostMs] = RETRY_MS;
    const delayMs = Math.min(mostMs, leastMs * 2 ** Math.min(count - 1, 10));
    context.timers.after(DRAIN_TIMER, delayMs, { type: "read_due" });
    const next = `tried again after ${Math.round(delayMs / 60_000)} min`;
    const problem = shorten(`${failure}; ${next}`);
    if (hook === "undrain" && config.undrain?.onFailure !== "stop") {
      // The word is done with, and the host counts. What is left over is to have it sent work.
      const again = { word: null, count, problem };
      state.drain = { ...NOT_DRAINED, isLeftOut: true, putBackBy: word, failed: again };
      if (word !== null || state.isNewcomer) putBack(deps);
    } else {
      state.drain = { ...state.drain, failed: { word, count, problem } };
      show(word, { problem }, deps);
    }
    return readTree(state, deps);
  }
  context.timers.cancel(DRAIN_TIMER);
  if (hook === "drain") {
    state.drain = { ...NOT_DRAINED, out: { pid } };
    show(word, config.drain === undefined ? { hasHook: false } : {}, deps);
  } else {
    state.drain = { ...NOT_DRAINED, putBackBy: word };
    putBack(deps);
  }
  return readTree(state, deps);
}

/** What the hooks of a switch, or of a slot that is given back, run with. */
export function switchHookTools(
  state: State,
  signal: AbortSignal,
  { options: { host, config, store, ports }, context }: Deps,
): HookTools {
  return {
    host,
    config,
    store,
    ports,
    log: context.log,
    signal,
    isDrained: state.isDrained,
    onLeftOut: () => context.self.tell({ type: "left_out" }),
  };
}

/** A switch, or what gives its slot back, could not put the host back: that is tried again. */
export function noteLeftOut(state: State): State {
  state.drain = { ...state.drain, isLeftOut: true };
  return state;
}

/** Shows in the host's entry what was done about a word. */
function show(
  word: Word | null,
  what: Omit<NonNullable<Current["drained"]>, "sinceMs">,
  { options: { service, registrar } }: Deps,
): void {
  if (word === null) return;
  const patch = { drained: { sinceMs: word.sinceMs, ...what } };
  registrar.tell({ type: "update", service, patch });
}

/** Has the host registered as one that is drained no longer. A registrar that was restarted has forgotten it, so it may be said again. */
export function putBack(deps: Deps): void {
  const { registrar, service } = deps.options;
  registrar.tell({ type: "put_back", service });
  lookOnceWritten(deps);
}
