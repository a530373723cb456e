/**
 * `rollcall actors`: the actors of one host's agent, live; what happened last in it; or what one of its actors handles.
 *
 * @module
 */

import { observerContract } from "../../actors/observer/contract.ts";
import {
  type ActorSnapshot,
  ask,
  type ObservedActor,
  Observer,
  sleep,
} from "../../actors/runtime/mod.ts";
import { followTrace } from "./trace.ts";
import { renderActors, renderEvents } from "./actors_view.ts";
import {
  type AgentClient,
  ANSWER_TIMEOUT_MS,
  LOOK_INTERVAL_MS,
  withAgent,
} from "../shared/agent_client.ts";
import { UsageError } from "../shared/errors.ts";
import { createLiveText } from "../shared/live_text.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";

/** Options of the command. */
export interface ActorsOptions {
  readonly zookeeper: string;
  readonly once: boolean;
  readonly json: boolean;
  /** Shows what happened last instead of the tree. */
  readonly events: boolean;
  /** Path of an actor: shows what it handles instead of the tree. */
  readonly trace?: string | undefined;
}

/** Columns where stdout is no terminal. */
const DEFAULT_COLUMNS = 120;

/** Looks once a second until stopped; once where stdout is no terminal and no program reads. */
export async function runActors(host: string, options: ActorsOptions): Promise<void> {
  const { trace, events, once, json, zookeeper } = options;
  if (events && trace !== undefined) {
    throw new UsageError("rollcall actors: expected --events or --trace PATH, not both");
  }
  using stop = listenForStop();
  const { signal } = stop;
  await withAgent(host, zookeeper, async (agent) => {
    if (events) return await showEvents(agent, { host, json });
    if (trace !== undefined) return await followTrace(agent, { path: trace, once, json, signal });
    const isLive = !once && (json || Deno.stdout.isTerminal());
    const display = createDisplay(host, options);
    try {
      await look(agent, { show: display.show, isLive, signal });
    } finally {
      display.done();
    }
  });
}

/** Looks twice at least, as rates need it. */
async function look(
  { peer, system: { clock } }: AgentClient,
  { show, isLive, signal }: {
    readonly show: (actors: readonly ObservedActor[]) => void;
    readonly isLive: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  let tree: readonly ActorSnapshot[] = [];
  const observed = new Observer({ clock, tree: () => tree });
  for (let looks = 0; !signal.aborted; looks++) {
    tree = await ask(peer.ref(observerContract), (replyTo) => ({ type: "look", replyTo }), {
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    const actors = observed.look();
    if (isLive || looks > 0) show(actors);
    if (!isLive && looks > 0) return;
    await sleep(clock, LOOK_INTERVAL_MS, { signal }).catch(() => {});
  }
}

async function showEvents(
  { peer }: AgentClient,
  { host, json }: { readonly host: string; readonly json: boolean },
): Promise<void> {
  const events = await ask(
    peer.ref(observerContract),
    (replyTo) => ({ type: "events", replyTo }),
    { timeoutMs: ANSWER_TIMEOUT_MS },
  );
  if (json) writeJson({ host, events });
  else writeLine(renderEvents(events));
}

interface Display {
  show(actors: readonly ObservedActor[]): void;
  /** Leaves the last look standing. */
  done(): void;
}

function createDisplay(host: string, { json, once }: ActorsOptions): Display {
  if (json) return { show: (actors) => writeJson({ host, actors }), done() {} };
  const isTerminal = Deno.stdout.isTerminal();
  if (once || !isTerminal) {
    const columns = isTerminal ? Deno.consoleSize().columns : DEFAULT_COLUMNS;
    return { show: (actors) => writeLine(renderActors(actors, { host, columns })), done() {} };
  }
  const live = createLiveText();
  return {
    show(actors) {
      const { columns, rows } = Deno.consoleSize();
      live.update(renderActors(actors, { host, columns, rows }));
    },
    done: () => live.done(),
  };
}
