/**
 * Runs one health check of a service. How often a check runs, and what follows from its result, is
 * decided by the agent (`actors/runner/health.ts`).
 *
 * @module
 */

import { formatDurationMs } from "../../base/duration.ts";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { type Clock, systemClock } from "../../base/clock.ts";
import { reasonOf } from "../../base/reason.ts";
import type { HealthCheck } from "./commands.ts";
import { runCommand } from "./run_command.ts";
import { serviceEnvironment } from "./service_environment.ts";
import { findServiceUser, type ServiceOwner } from "./service_user.ts";

/** How an `exec` check is run as the service itself would be. */
export interface ServiceContext extends ServiceOwner {
  /** Added to what a service gets of the agent's environment. */
  env: Readonly<Record<string, string>>;
}

/** The outcome of a check; `reason` is for an operator, `said` is the last line that a command has written. */
export type HealthResult = { ok: true; said?: string } | { ok: false; reason: string };

type CheckOf<Type extends HealthCheck["type"]> = Extract<HealthCheck, { type: Type }>;

/**
 * Runs one check within its `timeoutMs`. Every failure is a result; the only thing thrown is the
 * signal's reason when the signal aborts. What the check has opened or started is closed or killed
 * when it returns, also when it has succeeded.
 *
 * @param options.service has an `exec` check run as the service's user with the service's environment, since
 *   its program may come with the release. Default: as this process, for an operator's own hooks.
 */
export async function checkHealth(
  check: HealthCheck,
  options: {
    signal?: AbortSignal | undefined;
    clock?: Clock;
    service?: ServiceContext | undefined;
  } = {},
): Promise<HealthResult> {
  const { signal, clock = systemClock, service } = options;
  signal?.throwIfAborted();
  // Ends the check when its time is up or when the caller loses interest.
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const cancelTimer = clock.after(
    check.timeoutMs,
    () => ending.abort(new Error(`no answer within ${formatDurationMs(check.timeoutMs)}`)),
  );
  try {
    const result = await runCheck(check, { signal: ending.signal, clock, service });
    if (ending.signal.aborted) signal?.throwIfAborted();
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    const cause = ending.signal.aborted ? ending.signal.reason : error;
    return { ok: false, reason: `${describe(check)}: ${reasonOf(cause)}` };
  } finally {
    signal?.removeEventListener("abort", onAbort);
    cancelTimer();
  }
}

interface CheckTools {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly service: ServiceContext | undefined;
}

function runCheck(check: HealthCheck, tools: CheckTools): Promise<HealthResult> {
  const { signal } = tools;
  switch (check.type) {
    case "http":
      return checkHttp(check, signal);
    case "tcp":
      return checkTcp(check, signal);
    case "exec":
      return checkExec(check, tools);
  }
}

/**
 * Uses node:http rather than fetch, because fetch obeys HTTP_PROXY and a proxy says nothing about
 * this host; and no connection pool, because a kept-alive connection would answer for a service that
 * no longer accepts new ones.
 */
function checkHttp(check: CheckOf<"http">, signal: AbortSignal): Promise<HealthResult> {
  const url = new URL(check.url);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { connection: "close" } });
    const onAbort = () => asked.destroy(reasonAsError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    let outcome: HealthResult | undefined;
    asked.once("error", reject);
    asked.once("response", (response) => {
      response.once("error", reject);
      // The body is read to its end and dropped: a response that breaks off counts as a failure.
      response.once("end", () => outcome = judgeStatus(check, response.statusCode));
      response.resume();
    });
    asked.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      if (outcome === undefined) reject(new Error("the connection was closed"));
      else resolve(outcome);
    });
    asked.end();
  });
}

function judgeStatus(check: CheckOf<"http">, status: number | undefined): HealthResult {
  const { expectStatus } = check;
  const good = expectStatus === undefined
    ? status !== undefined && status >= 200 && status < 300
    : status === expectStatus;
  if (good) return { ok: true };
  const wanted = expectStatus ?? "2xx";
  return { ok: false, reason: `${describe(check)}: expected status ${wanted}, got ${status}` };
}

function checkTcp(check: CheckOf<"tcp">, signal: AbortSignal): Promise<HealthResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: check.host, port: check.port });
    const onAbort = () => socket.destroy(reasonAsError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    let outcome: HealthResult | undefined;
    let failure: unknown;
    socket.once("connect", () => {
      outcome = { ok: true };
      socket.destroy();
    });
    socket.once("error", (error) => failure = error);
    socket.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      if (outcome === undefined) reject(failure ?? new Error("the connection was closed"));
      else resolve(outcome);
    });
  });
}

async function checkExec(
  check: CheckOf<"exec">,
  { signal, clock, service }: CheckTools,
): Promise<HealthResult> {
  const as = service === undefined ? {} : spawnOptionsOf(service);
  const { code, signal: exitSignal, lastLine } = await runCommand(check.argv, {
    signal,
    clock,
    ...as,
  });
  const said = lastLine === undefined ? {} : { said: lastLine };
  const ended = exitSignal === null ? `exit code ${code}` : `signal ${exitSignal}`;
  const why = lastLine === undefined ? "" : `: ${lastLine}`;
  // What it has written says at what it was when its time was up.
  if (signal.aborted) {
    return { ok: false, reason: `${describe(check)}: ${reasonOf(signal.reason)}${why}` };
  }
  if (code === 0) return { ok: true, ...said };
  return { ok: false, reason: `${describe(check)}: expected exit code 0, got ${ended}${why}` };
}

function spawnOptionsOf({ env, ...owner }: ServiceContext) {
  const found = findServiceUser(owner);
  return {
    env: { ...serviceEnvironment(Deno.env.toObject(), found), ...env },
    ...found === null ? {} : { uid: found.uid, gid: found.gid },
  };
}

function describe(check: HealthCheck): string {
  switch (check.type) {
    case "http":
      return `http check ${check.url}`;
    case "tcp":
      return `tcp check ${check.host}:${check.port}`;
    case "exec":
      // Hooks are run as such checks, too.
      return `command ${check.argv.join(" ")}`;
  }
}

function reasonAsError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
