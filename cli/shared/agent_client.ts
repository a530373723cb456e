/**
 * Connects to the actors of a host's agent. ZooKeeper has the endpoint of each agent that is online, and the endpoint tells
 * the URL at which the agent's actors can be reached.
 *
 * @module
 */

import { z } from "zod";
import { ActorSystem, AskError } from "../../actors/runtime/mod.ts";
import { type Peer, RemoteError, RemoteNode } from "../../actors/runtime/remote/mod.ts";
import { readFleet } from "../../coordination/mod.ts";
import { withZooKeeper } from "./zookeeper_session.ts";
import { AnswerError, fetchBounded, parseJson } from "./bounded_fetch.ts";
import { CommandError } from "./errors.ts";

/** How long an agent may take to answer, in milliseconds. One that takes longer is stuck or gone. */
export const AGENT_ANSWER_TIMEOUT_MS = 5_000;

/** The largest answer of an endpoint that is read; it consists of one URL. */
const MAX_ANSWER_BYTES = 4_096;

/** Time between two snapshots of an agent, in milliseconds: as often as people read numbers. */
export const LOOK_INTERVAL_MS = 1_000;

/** A connection to an agent's actors. */
export interface AgentClient {
  /** The local actor system that the questions are asked from. */
  readonly system: ActorSystem;
  /** The agent's side: references to its actors are made from it. */
  readonly peer: Peer;
}

/**
 * Connects to the agent of a host, named by its name or by the URL of its endpoint, and closes all when `use` is done.
 *
 * @throws {CommandError} When no such agent is online, or it does not answer.
 */
export async function withAgent<T>(
  host: string,
  zookeeper: string,
  use: (agent: AgentClient) => Promise<T>,
): Promise<T> {
  const endpoint = URL.canParse(host)
    ? host
    : await endpointOf(host, { zookeeper, what: `look at the actors of ${host}` });
  const url = await actorsUrl(endpoint);
  const system = ActorSystem.create({ name: "rollcall" });
  try {
    const peer = RemoteNode.create({ system }).connect(url);
    await peer.ready({ timeoutMs: AGENT_ANSWER_TIMEOUT_MS });
    return await use({ system, peer });
  } catch (cause) {
    if (!(cause instanceof AskError || cause instanceof RemoteError)) throw cause;
    throw new CommandError(`look at the actors of ${host}: its agent at ${url} does not answer`, {
      cause,
    });
  } finally {
    await system.stop();
  }
}

/**
 * The URL of the endpoint of a host's agent, by the tree. `what` is what is to be done, for messages.
 *
 * @throws {CommandError} When no such agent is online.
 */
export async function endpointOf(
  host: string,
  { zookeeper, what }: { readonly zookeeper: string; readonly what: string },
): Promise<string> {
  const fleet = await withZooKeeper(zookeeper, readFleet);
  const entries = Object.values(fleet.services).flatMap(({ hosts }) => hosts);
  const endpoint = entries.find((entry) => entry.host === host && entry.endpoint !== null)
    ?.endpoint;
  if (endpoint !== undefined && endpoint !== null) return endpoint;
  const online = entries.filter((entry) => entry.endpoint !== null).map((entry) => entry.host);
  const names = [...new Set(online)].toSorted().join(", ");
  throw new CommandError(
    `${what}: expected an agent that is online, ${names === "" ? "none is" : `there are ${names}`}`,
  );
}

const actorsAnswer = z.object({ url: z.string() });

/**
 * Asks an agent's endpoint where its actors can be reached. The endpoint comes from the tree, where a stranger may have put it,
 * so it may not send us to any other machine than its own.
 *
 * @throws {CommandError} When it does not say so in time.
 */
export async function actorsUrl(endpoint: string, signal?: AbortSignal): Promise<string> {
  try {
    const asked = new URL("/actors", endpoint);
    const { status, text } = await fetchBounded(asked, {
      expected: "an agent of Rollcall",
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: AGENT_ANSWER_TIMEOUT_MS,
      signal,
    });
    if (status !== 200) {
      throw new AnswerError(`answers with status ${status}; is it an older agent?`);
    }
    const answer = actorsAnswer.safeParse(parseJson(text)).data;
    const url = URL.parse(answer?.url ?? "");
    if (url?.protocol !== "tcp:" || url.hostname !== asked.hostname) {
      throw new AnswerError(`answers with something else than tcp://${asked.hostname}:PORT`);
    }
    return url.href;
  } catch (cause) {
    throw new CommandError(`ask ${endpoint}/actors where the agent's actors can be reached`, {
      cause,
    });
  }
}
