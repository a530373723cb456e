/**
 * Options of the commands about rollouts, and of those that wait for a host's agent.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { parseDurationMs } from "../../rollout/mod.ts";
import { parseReason } from "../shared/options.ts";

/** `--timeout` of the commands that wait for the end of a rollout. */
export function timeoutOption() {
  return new Option(
    "--timeout <time>",
    "do not wait longer for the end, such as 30m; the rollout goes on, and the exit status is 3",
  ).argParser(parseTimeout);
}

/** `--timeout` of the commands that wait for what a host's agent does about them. */
export function agentTimeoutOption() {
  return new Option(
    "--timeout <time>",
    "how long to wait for the host's agent; what was said stands, and the exit status is 3 (default: 1m)",
  ).argParser(parseTimeout);
}

/** `--ignore-freeze` of the commands that begin a rollout. */
export function ignoreFreezeOption() {
  return new Option(
    "--ignore-freeze <reason>",
    "switch in freeze windows, too; who says so and why is kept with the rollout",
  ).argParser(parseReason);
}

function parseTimeout(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null && durationMs > 0) return durationMs;
  throw new InvalidArgumentError(`expected a time such as 30s, 5m or 2h, was "${text}".`);
}
