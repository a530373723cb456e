/**
 * Runs one health check of a service. How often a check runs, and what follows from its result, is
 * decided by the agent (`actors/runner/health.ts`).
 *
 * @module
 */

import { spawn } from "node:child_process";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import process from "node:process";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { HealthCheck } from "./commands.ts";
import { serviceEnvironment } from "./service_environment.ts";
import { findServiceUser } from "./service_user.ts";

/** How an `exec` check is run as the service itself would be. */
export interface ServiceContext {
  /** The user of the service; default: the agent's own. */
  user?: string | undefined;
  /** Added to what a service gets of the agent's environment. */
  env: Readonly<Record<string, string>>;
}

/** The outcome of a check; `reason` is for an operator. */
export type HealthResult = { ok: true } | { ok: false; reason: string };

type CheckOf<Type extends HealthCheck["type"]> = Extract<HealthCheck, { type: Type }>;

/**
 * Runs one check within its `timeoutMs`. Every failure is a result; the only thing thrown is the
 * signal's reason when the signal aborts. What the check has opened or started is closed or killed
 * when it returns.
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
    () => ending.abort(new Error(`no answer within ${check.timeoutMs} ms`)),
  );
  try {
    return await runCheck(check, ending.signal, service);
  } catch (error) {
    signal?.throwIfAborted();
    const cause = ending.signal.aborted ? ending.signal.reason : error;
    return { ok: false, reason: `${describe(check)}: ${reasonOf(cause)}` };
  } finally {
    signal?.removeEventListener("abort", onAbort);
    cancelTimer();
  }
}

function runCheck(
  check: HealthCheck,
  signal: AbortSignal,
  service: ServiceContext | undefined,
): Promise<HealthResult> {
  switch (check.type) {
    case "http":
      return checkHttp(check, signal);
    case "tcp":
      return checkTcp(check, signal);
    case "exec":
      return checkExec(check, signal, service);
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

function checkExec(
  check: CheckOf<"exec">,
  signal: AbortSignal,
  service: ServiceContext | undefined,
): Promise<HealthResult> {
  const [program, ...args] = check.argv;
  const as = service === undefined ? {} : spawnOptionsOf(service);
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the check has started is killed with it.
    const child = spawn(program, args, { stdio: "ignore", detached: true, ...as });
    const onAbort = () => killGroup(child.pid);
    signal.addEventListener("abort", onAbort, { once: true });
    child.once("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
    child.once("exit", (code, exitSignal) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve({ ok: true });
      else {
        const ended = exitSignal === null ? `exit code ${code}` : `signal ${exitSignal}`;
        resolve({ ok: false, reason: `${describe(check)}: expected exit code 0, got ${ended}` });
      }
    });
  });
}

function spawnOptionsOf({ user, env }: ServiceContext) {
  const found = user === undefined ? null : findServiceUser(user);
  return {
    env: { ...serviceEnvironment(Deno.env.toObject(), found), ...env },
    ...found === null ? {} : { uid: found.uid, gid: found.gid },
  };
}

/** Kills a child's process group. The child must not have been reaped yet, so that its pid is still its own. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}

function describe(check: HealthCheck): string {
  switch (check.type) {
    case "http":
      return `http check ${check.url}`;
    case "tcp":
      return `tcp check ${check.host}:${check.port}`;
    case "exec":
      return `exec check ${check.argv.join(" ")}`;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function reasonAsError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
