/**
 * `rollcall actors`: the actors of one host's agent, live.
 *
 * @module
 */

import { createLogUpdate } from "log-update";
import process from "node:process";
import { z } from "zod";
import { observerContract, type ObserverMessage } from "../actors/observer/observer.ts";
import {
  type ActorRef,
  type ActorSnapshot,
  ActorSystem,
  ask,
  AskError,
  type ObservedActor,
  Observer,
  sleep,
} from "../actors/runtime/mod.ts";
import { RemoteError, RemoteNode } from "../actors/runtime/remote/mod.ts";
import { readFleet } from "../coordination/mod.ts";
import { renderActors } from "./actors_view.ts";
import { withZooKeeper } from "./connect.ts";
import { CommandError } from "./errors.ts";
import { writeJson, writeLine } from "./output.ts";
import { listenForStop } from "./stop_signal.ts";

/** Options of the command. */
export interface ActorsOptions {
  readonly zookeeper: string;
  readonly once: boolean;
  readonly json: boolean;
}

/** Time between two looks, in milliseconds. */
const LOOK_INTERVAL_MS = 1_000;

/** How long an agent may take to answer, in milliseconds: longer, and it is stuck or gone. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Columns where stdout is no terminal. */
const DEFAULT_COLUMNS = 120;

/** Looks once a second until stopped; once where stdout is no terminal and no program reads. */
export async function runActors(host: string, options: ActorsOptions): Promise<void> {
  const endpoint = URL.canParse(host) ? host : await endpointOf(host, options.zookeeper);
  const url = await actorsUrl(endpoint);
  using stop = listenForStop();
  const system = ActorSystem.create({ name: "rollcall" });
  const display = createDisplay(host, options);
  try {
    const peer = RemoteNode.create({ system }).connect(url);
    await peer.ready({ timeoutMs: ANSWER_TIMEOUT_MS });
    await look(() => peer.ref(observerContract), {
      show: display.show,
      isLive: !options.once && (options.json || Deno.stdout.isTerminal()),
      system,
      signal: stop.signal,
    });
  } catch (cause) {
    if (!(cause instanceof AskError || cause instanceof RemoteError)) throw cause;
    throw new CommandError(`look at the actors of ${host}: its agent at ${url} does not answer`, {
      cause,
    });
  } finally {
    display.done();
    await system.stop();
  }
}

/** Looks twice at least, as rates need it. */
async function look(
  observer: () => ActorRef<ObserverMessage>,
  { show, isLive, system, signal }: {
    readonly show: (actors: readonly ObservedActor[]) => void;
    readonly isLive: boolean;
    readonly system: ActorSystem;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { clock } = system;
  let tree: readonly ActorSnapshot[] = [];
  const observed = new Observer({ clock, tree: () => tree });
  for (let looks = 0; !signal.aborted; looks++) {
    tree = await ask(observer(), (replyTo) => ({ type: "look", replyTo }), {
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    const actors = observed.look();
    if (isLive || looks > 0) show(actors);
    if (!isLive && looks > 0) return;
    await sleep(clock, LOOK_INTERVAL_MS, { signal }).catch(() => {});
  }
}

async function endpointOf(host: string, zookeeper: string): Promise<string> {
  const fleet = await withZooKeeper(zookeeper, readFleet);
  const entries = Object.values(fleet.services).flatMap(({ hosts }) => hosts);
  const endpoint = entries.find((entry) => entry.host === host && entry.endpoint !== null)
    ?.endpoint;
  if (endpoint !== undefined && endpoint !== null) return endpoint;
  const online = entries.filter((entry) => entry.endpoint !== null).map((entry) => entry.host);
  const names = [...new Set(online)].toSorted().join(", ");
  throw new CommandError(
    `look at the actors of ${host}: expected an agent that is online, ${
      names === "" ? "none is" : `there are ${names}`
    }`,
  );
}

const actorsAnswer = z.object({ url: z.string() });

/** Asks the agent's endpoint where its actors can be reached. */
async function actorsUrl(endpoint: string): Promise<string> {
  try {
    const response = await fetch(new URL("/actors", endpoint), {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}; is it an older agent?`);
    }
    return actorsAnswer.parse(await response.json()).url;
  } catch (cause) {
    throw new CommandError(`ask ${endpoint}/actors where the agent's actors can be reached`, {
      cause,
    });
  }
}

interface Display {
  show(actors: readonly ObservedActor[]): void;
  /** Leaves the last look standing. */
  done(): void;
}

function createDisplay(host: string, { json, once }: ActorsOptions): Display {
  if (json) return { show: (actors) => writeJson({ host, actors }), done() {} };
  const isTerminal = Deno.stdout.isTerminal();
  function render(actors: readonly ObservedActor[]): string {
    const columns = isTerminal ? Deno.consoleSize().columns : DEFAULT_COLUMNS;
    return renderActors(actors, { host, columns });
  }
  if (once || !isTerminal) return { show: (actors) => writeLine(render(actors)), done() {} };
  const update = createLogUpdate(process.stdout);
  return { show: (actors) => update(render(actors)), done: () => update.done() };
}
