/**
 * Finds the process of the service on the machine, and begins to watch it.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { type ServiceProcess, thisHost } from "../../host/mod.ts";
import { type Deps, serviceSettings, type State, tellFacts } from "./health.ts";
import { type CheckRow, FOUND_RUNNING } from "./verdict.ts";

/** The process of the service that its record names, whoever has started it; null if none runs. */
export function findRunning({ options, context }: Deps): ServiceProcess | null {
  const { service, processes = thisHost.processes, store: { layout } } = options;
  const process = processes.adopt(layout.processRecord, {
    logPath: layout.serviceLog,
    onRefused: (reason) =>
      context.log.warn("{service}: not adopted: {reason}", { service, reason }),
  });
  if (process === null) return null;
  const { version, pid } = process;
  context.log.info("{service} {version}: adopted, pid {pid}", { service, version, pid });
  return process;
}

/** Where nothing is known to run, looks whether something does: what counts is the machine, not what is known of it. */
export function lookForRunning(state: State, deps: Deps): void {
  if (state.process !== null) return;
  const process = findRunning(deps);
  if (process !== null) attach(state, process, { ...deps, row: FOUND_RUNNING });
}

/** Begins to watch a process, of which so much is known already: waits for its end and checks its health. */
export function attach(
  state: State,
  process: ServiceProcess,
  { options, context, row }: Deps & { readonly row: CheckRow },
): void {
  state.process = process;
  state.restart = process.restart;
  // What was found running hangs, if it fails its checks, as far as can be known: nobody else would start it again.
  state.wasWell = row === FOUND_RUNNING;
  state.isToldWell = null;
  state.differences = process.differencesFrom(serviceSettings(options, process.version));
  if (state.differences.length > 0) {
    context.log.warn(
      "{service} {version}: runs otherwise than the config says ({differences}), until it is started anew",
      {
        service: options.service,
        version: process.version,
        differences: state.differences.join(", "),
      },
    );
  }
  tellFacts(state, options);
  state.attachedMs = context.clock.nowMs();
  state.row = row;
  state.hangDueMs = null;
  context.pipeToSelf(() => process.exited, {
    ok: (exit) => ({ type: "exited", process, how: describeExit(exit) }),
    error: (error) => ({ type: "exited", process, how: reasonOf(error) }),
  });
  context.self.tell({ type: "check_due" });
}

function describeExit(exit: Awaited<ServiceProcess["exited"]>): string {
  switch (exit.type) {
    case "code":
      return `exit status ${exit.code}`;
    case "signal":
      return `signal ${exit.signal}`;
    case "unknown":
      return "exit status unknown";
  }
}
