/**
 * `rollcall actors HOST --trace PATH`: shows what one actor of an agent handles, a line for each message.
 *
 * @module
 */

import { closest } from "fastest-levenshtein";
import { observerContract, type TraceLook } from "../../actors/observer/contract.ts";
import { type ActorSnapshot, ask, sleep } from "../../actors/runtime/mod.ts";
import type { Peer } from "../../actors/runtime/remote/mod.ts";
import { renderTraced } from "./actors_view.ts";
import {
  AGENT_ANSWER_TIMEOUT_MS,
  type AgentClient,
  LOOK_INTERVAL_MS,
} from "../shared/agent_client.ts";
import { CommandError } from "../shared/errors.ts";
import { writeJson, writeLine } from "../shared/output.ts";

/**
 * Shows what the actor handles until stopped; with `once`, for one second.
 *
 * @throws {CommandError} When there is no such actor, or the agent traces as many actors as it may.
 */
export async function followTrace(
  { peer, system: { clock } }: AgentClient,
  { path, once, json, signal }: {
    readonly path: string;
    readonly once: boolean;
    readonly json: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  let from: number | null = null;
  let isGone = false;
  for (let looks = 0; !signal.aborted; looks++) {
    const look: TraceLook = await ask(
      peer.ref(observerContract),
      (replyTo) => ({ type: "trace", path, from, replyTo }),
      { timeoutMs: AGENT_ANSWER_TIMEOUT_MS },
    );
    const { status, next, lost, handled } = look;
    if (status === "too_many_traces") {
      throw new CommandError(
        `trace ${path}: the agent traces as many actors as it may; end another, it frees its place in 15 s`,
      );
    }
    if (status === "no_such_actor" && looks === 0) {
      throw new CommandError(await noSuchActor(path, peer));
    }
    if (!json) {
      if ((status === "no_such_actor") !== isGone) {
        isGone = !isGone;
        writeLine(isGone ? "(the actor is gone; waiting for another)" : "(it is back)");
      }
      if (lost > 0) writeLine(`(${lost} messages were too many to be shown)`);
    }
    for (const message of handled) {
      if (json) writeJson(message);
      else writeLine(renderTraced(message));
    }
    if (once && looks > 0) return;
    from = next;
    await sleep(clock, LOOK_INTERVAL_MS, { signal }).catch(() => {});
  }
}

async function noSuchActor(path: string, peer: Peer): Promise<string> {
  const tree = await ask(peer.ref(observerContract), (replyTo) => ({ type: "look", replyTo }), {
    timeoutMs: AGENT_ANSWER_TIMEOUT_MS,
  });
  const paths = tree.flatMap(pathsOf);
  return `trace ${path}: expected the path of an actor, such as ${closest(path, paths)}`;
}

function pathsOf({ path, children }: ActorSnapshot): string[] {
  return [path, ...children.flatMap(pathsOf)];
}
