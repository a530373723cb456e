/**
 * The gate before the wave that is next: the host's stopwatch, and the check of the operator's if this is one of the hosts that
 * make it. What follows from both is decided by `decideGate`.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { haltRollout, openGate } from "../../coordination/mod.ts";
import { expandHealthCheck, type HealthCheck, thisHost } from "../../host/mod.ts";
import { closedGate, decideGate, type FirstWave, makesCheck } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { act } from "./act.ts";
import { type GateStopwatch, readStopwatch } from "./gate_stopwatch.ts";
import { lookForGate } from "./look.ts";
import type { Next } from "./machine/next.ts";
import type { CoordinatorMessage } from "./messages.ts";
import { readTree } from "./read_tree.ts";
import { type Deps, type Reading, shorten, type State } from "./state.ts";

/** Key of the timer of the next attempt of the check, and of the check itself. */
const CHECK_KEY = "gate_check";

/** Time-out of a check by URL, ms. One of the config has its own. */
const URL_TIMEOUT_MS = 10_000;

/** Starts the stopwatch when a wave comes to its gate, and ends it when the gate opens, or control does not run. */
export function noteGate(state: State, { census }: Reading, deps: Deps): void {
  const { options: { service, host }, context: { clock } } = deps;
  const { wave, control, controlVersion } = census;
  const gate = closedGate(wave);
  const isRunning = control === null || control.state === "running";
  if (wave === null || wave.service !== service || gate === null || !isRunning) {
    return endStopwatch(state, deps);
  }
  if (state.gate?.wave.node !== wave.node || state.gate.controlVersion !== controlVersion) {
    endStopwatch(state, deps);
    state.gate = {
      wave,
      controlVersion,
      seenAtMs: clock.nowMs(),
      sinceMs: clock.wallTimeMs(),
      heldAtMs: null,
      lastWords: null,
      isChecking: false,
    };
  }
  const watch = readStopwatch(state.gate, clock.nowMs());
  if (watch === null || state.gate === null) return;
  const decision = decideGate(census, { service, host, watch });
  if (decision.kind === "closed" && decision.againMs !== null) {
    const isFirst = gate.check?.hosts.includes(host) ?? false;
    lookForGate(decision.againMs, { isFirst }, { ...deps, state });
  }
  if (!state.gate.isChecking && makesCheck(gate, { host, watch })) makeCheck(state.gate, deps);
}

/** Handles the outcome of a check: notes it, and reads the tree if the gate may open. It is made again later. */
export function onGateChecked(
  state: State,
  { wave, problem }: Extract<CoordinatorMessage, { type: "gate_checked" }>,
  deps: Deps,
): State {
  const { gate } = state;
  const check = gate?.wave.gate?.check;
  if (gate === null || check === undefined || gate.wave.node !== wave) return state;
  const { timers, clock } = deps.context;
  if (problem === null) gate.heldAtMs ??= clock.nowMs();
  else {
    gate.heldAtMs = null;
    gate.lastWords = shorten(problem);
  }
  timers.after(CHECK_KEY, check.everyMs, { type: "gate_check_due" });
  const isDue = gate.heldAtMs !== null && clock.nowMs() - gate.heldAtMs >= check.forMs;
  return isDue ? readTree(state, deps) : state;
}

/** Makes the check again. */
export function onGateCheckDue(state: State, deps: Deps): State {
  if (state.gate !== null) makeCheck(state.gate, deps);
  return state;
}

function endStopwatch(state: State, { context }: Deps): void {
  if (state.gate === null) return;
  state.gate = null;
  context.timers.cancel(CHECK_KEY);
  context.cancelTask(CHECK_KEY);
}

function makeCheck(gate: GateStopwatch, { options, context }: Deps): void {
  const { node } = gate.wave;
  const check = checkOf(gate.wave, options);
  gate.isChecking = true;
  const { processes } = options.ports ?? thisHost;
  context.pipeToSelf<string | null>(
    async (signal) => {
      if (check === null) return `the config has no check ${gate.wave.gate?.check?.name}`;
      const result = await processes.checkHealth(check, { signal });
      return result.ok ? null : result.reason;
    },
    {
      ok: (problem) => ({ type: "gate_checked", wave: node, problem }),
      error: (error) => ({ type: "gate_checked", wave: node, problem: reasonOf(error) }),
    },
    { key: CHECK_KEY },
  );
}

/** The check of a gate: the URL that it names, or what this host's config says; `null` if that has none of the name. */
function checkOf(
  { version, gate }: FirstWave,
  { checks, service, host, store }: Deps["options"],
): HealthCheck | null {
  const { url, name = "" } = gate?.check ?? {};
  if (url !== undefined) return { type: "http", url, timeoutMs: URL_TIMEOUT_MS };
  const found = checks?.[name];
  const blob = store.layout.paths(version).final;
  return found === undefined ? null : expandHealthCheck(found, { blob, version, service, host });
}

/** Opens the gate before a wave, or halts the rollout because of it. */
export function passOn(
  state: State,
  reading: Reading,
  { zookeeper, next, deps }: {
    readonly zookeeper: ZooKeeper;
    readonly next: Extract<Next, { kind: "open_gate" | "halt" }>;
    readonly deps: Deps;
  },
): State {
  const { options: { service, host: by }, context: { log, clock } } = deps;
  const nowMs = clock.wallTimeMs();
  if (next.kind === "open_gate") {
    const { wave, how } = next;
    const { version } = wave;
    log.info("{service}: opens the gate before {version}: {how}", { service, version, how });
    const change = () => openGate(zookeeper, reading, { wave, how, by, nowMs });
    act(state, { what: "open the gate", change }, deps);
    return state;
  }
  const { reason } = next;
  log.error("{service}: halts the rollout: {reason}", { service, reason });
  const change = () => haltRollout(zookeeper, reading, { reason, by, nowMs });
  act(state, { what: "halt the rollout", change }, deps);
  return state;
}
