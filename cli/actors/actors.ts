/**
 * `rollcall actors`: shows the actors of one host's agent, live; with `--events` what happened last in it; with `--trace`
 * what one of its actors handles. Snapshots come from the agent's observer, over the actors' own connections; `trace.ts`
 * follows one actor, and `actors_view.ts` renders all of it.
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
  AGENT_ANSWER_TIMEOUT_MS,
  type AgentClient,
  LOOK_INTERVAL_MS,
  withAgent,
} from "../shared/agent_client.ts";
import { UsageError } from "../shared/errors.ts";
import { createLiveText } from "../shared/live_text.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";
import { listenForStop } from "../shared/stop_signal.ts";

/** Options of the command, as `rollcall actors --help` explains them. */
export interface ActorsOptions {
  readonly zookeeper: string;
  readonly once: boolean;
  readonly json: boolean;
  /** Shows the last events instead of the tree. */
  readonly events: boolean;
  /** Path of an actor: shows the messages that it handles instead of the tree. */
  readonly trace?: string | undefined;
}

/** Columns where stdout is no terminal. */
const DEFAULT_COLUMNS = 120;

/** Shows the actors once a second until stopped, or only once where stdout is no terminal and JSON was not asked for. */
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
    const display = createActorsDisplay(host, options);
    try {
      await look(agent, { show: display.show, isLive, signal });
    } finally {
      display.done();
    }
  });
}

/** Takes snapshots and shows them; at least two, because rates need two. */
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
      timeoutMs: AGENT_ANSWER_TIMEOUT_MS,
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
    { timeoutMs: AGENT_ANSWER_TIMEOUT_MS },
  );
  if (json) writeJson({ host, events });
  else writeLine(renderEvents(events));
}

interface Display {
  show(actors: readonly ObservedActor[]): void;
  /** Ends the display and leaves the last snapshot on the terminal. */
  done(): void;
}

function createActorsDisplay(host: string, { json, once }: ActorsOptions): Display {
  if (json) return { show: (actors) => writeJson({ host, actors }), done() {} };
  const isTerminal = Deno.stdout.isTerminal();
  if (once || !isTerminal) {
    const columns = terminalColumns(DEFAULT_COLUMNS);
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
