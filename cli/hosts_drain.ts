/**
 * `rollcall hosts drain` and `undrain`: what an operator says of a machine that is to be worked on, and what has become of it.
 *
 * @module
 */

import { sleep, systemClock } from "../base/clock.ts";
import {
  drainHost,
  type DrainProgress,
  readDrainProgress,
  undrainHost,
} from "../coordination/mod.ts";
import { describeWord, formatDurationMs } from "../rollout/mod.ts";
import { CommandError, InterruptedError, TimedOutError } from "./shared/errors.ts";
import { type OperatorWord, operatorWord } from "./shared/operator.ts";
import { writeLine } from "./shared/output.ts";
import { listenForStop } from "./shared/stop_signal.ts";
import { plainText } from "./shared/terminal_text.ts";
import { isPassing, withZooKeeper } from "./shared/zookeeper_session.ts";

/** What an operator says, and where. */
interface DrainOptions {
  readonly zookeeper: string;
  /** Default: all services. */
  readonly service?: string | undefined;
  readonly reason?: string | undefined;
  /** How long to wait for the host's agent, in milliseconds. Default: {@link WAIT_MS}. */
  readonly timeout?: number | undefined;
}

/** How long the host's agent may take by default, in ms: it looks at once, and then its hook may take its `drainTimeout`. */
const WAIT_MS = 60_000;

/** Time between two looks at how far the agent is, in ms. */
const LOOK_MS = 250;

/** `hosts drain`: has nobody count on a host, and nobody send it work. */
export async function drainHostCommand(
  host: string,
  options: DrainOptions & { readonly force: boolean },
): Promise<void> {
  const { service, force } = options;
  const only = service === undefined ? undefined : [service];
  const word = operatorWord(options);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const services = await drainHost(zookeeper, { host, only, ...word, isForced: force });
    writeLine(
      `Drained ${host} for ${services.join(", ")}, ${told(word)}. It counts as away until ` +
        `${undrainCommand(host, service)}.`,
    );
    const look = async (of: string) => lookAtDrain(await readDrainProgress(zookeeper, of, host));
    await awaitEach({ host, services, options, look });
  });
}

/** `hosts undrain`: has a host put back that was drained. */
export async function undrainHostCommand(host: string, options: DrainOptions): Promise<void> {
  const { service } = options;
  const only = service === undefined ? undefined : [service];
  const word = operatorWord(options);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const services = await undrainHost(zookeeper, { host, only, ...word });
    writeLine(`${host} is to be put back for ${services.join(", ")}, ${told(word)}.`);
    const look = async (of: string) => lookAtUndrain(await readDrainProgress(zookeeper, of, host));
    await awaitEach({ host, services, options, look });
  });
}

function undrainCommand(host: string, service: string | undefined): string {
  return `rollcall hosts undrain ${host}${service === undefined ? "" : ` --service ${service}`}`;
}

function told(word: OperatorWord): string {
  return describeWord(word);
}

/** What there is to say of a host's agent; `null`: not yet. `problem`: it could not do it. */
type Looked = { readonly says: string } | { readonly problem: string } | null;

function lookAtDrain({ isOnline, drained, done }: DrainProgress): Looked {
  if (drained === null || drained.ended !== undefined) return { says: "it is put back already" };
  if (!isOnline) return { says: "its agent is offline, and runs the drain hook when it is back" };
  // That of an earlier word stands until its agent has seen this one.
  if (done?.sinceMs !== drained.sinceMs) return null;
  if (done.problem !== undefined) {
    return { problem: `${done.problem}; it counts as away, and may still be sent work` };
  }
  return done.hasHook === false
    ? { says: "its config has no drain hook, so nobody was told to send it no work" }
    : { says: "its drain hook has run; the service runs on" };
}

function lookAtUndrain({ isOnline, drained, done }: DrainProgress): Looked {
  if (drained === null) return { says: "it is put back, and counted on when it serves" };
  if (drained.ended === undefined) return { says: "somebody has drained it again" };
  if (!isOnline) return { says: "its agent is offline, and puts it back when it is there again" };
  return done?.sinceMs !== drained.ended.sinceMs || done.problem === undefined
    ? null
    : { problem: `${done.problem}; it is not sent work, and counts as away` };
}

/** Looks at a host's agent until `endMs`, or a stop; `lost`: ZooKeeper does not answer. */
async function lookBefore(
  endMs: number,
  { look, signal }: { readonly look: () => Promise<Looked>; readonly signal: AbortSignal },
): Promise<Looked | "lost"> {
  const over = new AbortController();
  const leftMs = Math.max(LOOK_MS, endMs - systemClock.nowMs());
  const end = sleep(systemClock, leftMs, AbortSignal.any([signal, over.signal]));
  try {
    return await Promise.race([look(), end.then(() => "lost" as const)]);
  } catch (error) {
    if (!isPassing(error)) throw error;
    return "lost";
  } finally {
    over.abort();
  }
}

/**
 * Waits for the host's agent, and tells what it has done for each service.
 *
 * @throws {CommandError} when a hook has failed. {@link TimedOutError}, {@link InterruptedError}: what was said stands, and the
 * agent goes on.
 */
async function awaitEach(
  { host, services, options: { timeout = WAIT_MS }, look }: {
    readonly host: string;
    readonly services: readonly string[];
    readonly options: DrainOptions;
    readonly look: (service: string) => Promise<Looked>;
  },
): Promise<void> {
  using stop = listenForStop();
  const endMs = systemClock.nowMs() + timeout;
  const problems: string[] = [];
  const left = new Set(services);
  const onward = "that stands, and its agent goes on; rollcall hosts list shows how far it is";
  while (left.size > 0) {
    let isLost = false;
    for (const service of left) {
      const looked = await lookBefore(endMs, { look: () => look(service), signal: stop.signal });
      if (looked === "lost") {
        isLost = true;
        break;
      }
      if (looked === null) continue;
      left.delete(service);
      if ("says" in looked) writeLine(`${service}: ${looked.says}.`);
      else problems.push(`${service}: ${plainText(looked.problem)}`);
    }
    if (left.size === 0) break;
    if (stop.signal.aborted) throw new InterruptedError(`${host}: ${onward}`);
    if (systemClock.nowMs() >= endMs) {
      const what = isLost
        ? "ZooKeeper does not answer, so nobody knows whether its agent has done it"
        : "its agent has not done it";
      throw new TimedOutError(
        `${host}: ${what} for ${[...left].join(", ")} within ${
          formatDurationMs(timeout)
        }; ${onward}`,
      );
    }
    await sleep(systemClock, LOOK_MS, stop.signal);
  }
  if (problems.length > 0) throw new CommandError(`${host}: ${problems.join("; ")}`);
}
