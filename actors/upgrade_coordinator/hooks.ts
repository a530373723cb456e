/**
 * The hooks: commands of the operator's that run around a switch, and where an operator drains a host or has it put back. They
 * run as the agent does, one at a time, within their time-out. A switch goes on at its last step after a crash of the agent, so
 * each of them may be run more than once.
 *
 * @module
 */

import { expandArguments, type HostPorts, type Releases, thisHost } from "../../host/mod.ts";
import type { Hook, ServiceConfig } from "../config/agent_config.ts";
import type { ActorLogger } from "../runtime/mod.ts";

/** The hooks, by their keys in the config. */
export type HookName = "drain" | "undrain" | "preStart" | "postSwitch";

/** What a hook runs with. */
export interface HookTools {
  readonly host: string;
  readonly config: ServiceConfig;
  readonly store: Pick<Releases, "layout">;
  /** Default: on this machine. */
  readonly ports?: HostPorts | undefined;
  readonly log: ActorLogger;
  readonly signal: AbortSignal;
  /** Whether an operator has drained the host: then no switch puts it back. */
  readonly isDrained: boolean;
  /** Called when the hook `undrain` has failed, so that nothing may send work to the host. */
  readonly onLeftOut?: (() => void) | undefined;
}

/** Time-out of `preStart` and `postSwitch`, unless the config says so: most hooks take a moment, or hang. */
const TIMEOUT_MS = 30_000;

/** A hook has failed, and its failure ends the host's switch. It says nothing about the version. */
export class HookError extends Error {
  /** Stable name of the error. */
  readonly code = "HOOK";
  override readonly name = "HookError";
}

/**
 * Runs a hook, if the config has it; in its arguments `{version}` and `{blob}` are those of `version`.
 *
 * @throws {HookError} when it fails and the config does not say that this is to be ignored.
 */
export async function runHook(name: HookName, version: string, tools: HookTools): Promise<void> {
  const failure = await tryHook(name, version, tools);
  if (failure !== null && tools.config[name]?.onFailure === "stop") throw new HookError(failure);
}

/** Undoes the drain, on the way back: nothing is to stop that, so where it fails it is tried again later. */
export async function undrain(version: string, tools: HookTools): Promise<void> {
  await tryHook("undrain", version, tools);
}

/** Runs a hook, if the config has it. @returns What is wrong; null if it has succeeded. Either is told in the log. */
export async function tryHook(
  name: HookName,
  version: string,
  tools: HookTools,
): Promise<string | null> {
  const hook = tools.config[name];
  if (hook === undefined) return null;
  if (name === "undrain" && tools.isDrained) {
    const { log, store: { layout: { service } } } = tools;
    log.info("{service}: it is drained by an operator: the undrain hook is not run", { service });
    return null;
  }
  const failure = await run(name, version, { ...tools, hook });
  if (name === "undrain" && failure !== null) tools.onLeftOut?.();
  return failure;
}

async function run(
  name: HookName,
  version: string,
  { hook, host, config, store: { layout }, ports = thisHost, log, signal }: HookTools & {
    readonly hook: Hook;
  },
): Promise<string | null> {
  const isDrain = name === "drain" || name === "undrain";
  const timeoutMs = hook.timeoutMs ?? (isDrain ? config.drainTimeout : TIMEOUT_MS);
  const { service } = layout;
  const argv = expandArguments(hook.argv, {
    blob: layout.paths(version).final,
    version,
    service,
    host,
  });
  const result = await ports.processes.checkHealth({ type: "exec", argv, timeoutMs }, { signal });
  if (result.ok) {
    log.info("{service}: the {name} hook is done{said}", {
      service,
      name,
      said: result.said === undefined ? "" : `: ${result.said}`,
    });
    return null;
  }
  const failure = `the ${name} hook failed: ${result.reason}`;
  log.warn("{service}: {failure}{next}", {
    service,
    failure,
    next: hook.onFailure === "ignore" ? "; going on" : "",
  });
  return failure;
}
