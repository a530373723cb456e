/**
 * `rollcall logs`: the last lines that a service has written on a host, and with `--follow` what comes, by the host's agent.
 *
 * @module
 */

import { z } from "zod";
import { sleep, systemClock } from "../base/clock.ts";
import { AGENT_ANSWER_TIMEOUT_MS, endpointOf, LOOK_INTERVAL_MS } from "./shared/agent_client.ts";
import { AnswerError, fetchBounded, parseJson } from "./shared/bounded_fetch.ts";
import { CommandError } from "./shared/errors.ts";
import { writeText } from "./shared/output.ts";
import { listenForStop } from "./shared/stop_signal.ts";

/** The largest answer: an agent sends 256 KiB of a log, of which JSON may make six times as much. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/** Options of the command, as `rollcall logs --help` explains them. */
export interface LogsOptions {
  readonly zookeeper: string;
  readonly lines: number;
  readonly follow: boolean;
}

const answerSchema = z.object({ text: z.string(), next: z.string() });

/** Shows the lines, and with `follow` what comes until stopped. */
export async function runLogs(
  { host, service }: { readonly host: string; readonly service: string },
  { zookeeper, lines, follow }: LogsOptions,
): Promise<void> {
  using stop = listenForStop();
  const { signal } = stop;
  const what = `show the log of ${service} on ${host}`;
  const endpoint = URL.canParse(host) ? host : await endpointOf(host, { zookeeper, what });
  let { text, next } = await askLog({ endpoint, service, what }, { lines: String(lines) });
  writeText(text);
  while (follow && !signal.aborted) {
    // A log that has more than an answer takes is read on at once.
    if (text === "") await sleep(systemClock, LOOK_INTERVAL_MS, signal);
    if (signal.aborted) return;
    ({ text, next } = await askLog({ endpoint, service, what, signal }, { after: next }));
    writeText(text);
  }
}

async function askLog(
  { endpoint, service, what, signal }: {
    readonly endpoint: string;
    readonly service: string;
    readonly what: string;
    readonly signal?: AbortSignal;
  },
  query: Record<string, string>,
): Promise<z.output<typeof answerSchema>> {
  const url = new URL(`/logs/${encodeURIComponent(service)}`, endpoint);
  url.search = String(new URLSearchParams(query));
  try {
    const { status, text } = await fetchBounded(url, {
      expected: "an agent of Rollcall",
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: AGENT_ANSWER_TIMEOUT_MS,
      signal,
    });
    if (status !== 200) throw new AnswerError(text.trim());
    const answer = answerSchema.safeParse(parseJson(text));
    if (answer.success) return answer.data;
    throw new AnswerError("answers with something else than a part of a log");
  } catch (cause) {
    if (signal?.aborted) return { text: "", next: "" };
    throw new CommandError(`${what}: its agent at ${endpoint}`, { cause });
  }
}
