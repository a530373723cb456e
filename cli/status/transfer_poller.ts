/**
 * Asks agents how fast their hosts fetch right now. Rates and peers change all the time and nobody has to agree on them, so
 * they are not in ZooKeeper. Where an agent cannot be reached, the view shows what ZooKeeper has.
 *
 * @module
 */

import {
  type TransferDetail,
  transfersContract,
  type TransfersMessage,
} from "../../actors/fetcher/transfers.ts";
import { type ActorDefinition, type ActorRef, ActorSystem } from "../../actors/runtime/mod.ts";
import { type Peer, type RemoteContract, RemoteNode } from "../../actors/runtime/remote/mod.ts";
import type { Fleet } from "../../coordination/mod.ts";
import { actorsUrl, LOOK_INTERVAL_MS } from "../shared/agent_client.ts";

/** The most hosts that are asked at once: more than a terminal has lines. */
const HOST_LIMIT = 64;

/** Time after which an agent that could not be found is looked for again. */
const RETRY_MS = 5_000;

/** How long an agent may take: a later answer would be outdated. */
const TRANSFERS_ANSWER_TIMEOUT_MS = 2_000;

/** The messages of the actor that asks one host. */
type Message =
  | { readonly type: "find" }
  | { readonly type: "found"; readonly url: string }
  | { readonly type: "not_found" }
  | { readonly type: "look" }
  | {
    readonly type: "answer";
    readonly service: string;
    /** `null` when there was none. */
    readonly transfers: readonly TransferDetail[] | null;
  };

/** A host that is being asked. */
interface Followed {
  readonly wanted: string;
  readonly ref: ActorRef<Message>;
  readonly transfers: Map<string, readonly TransferDetail[]>;
}

/** Asks the hosts that fetch, once a second. */
export class TransferPoller {
  readonly #onChange: () => void;
  readonly #system = ActorSystem.create({ name: "transfers", onFailure: () => "continue" });
  readonly #node = RemoteNode.create({ system: this.#system });
  readonly #followed = new Map<string, Followed>();
  readonly #contracts = new Map<string, RemoteContract<TransfersMessage>>();
  #count = 0;

  /** @param onChange Called when there is something new to show. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** From now on asks the hosts that fetch in this snapshot, and no others. */
  follow(fleet: Fleet): void {
    const wanted = fetchingHosts(fleet);
    for (const [host, { ref, wanted: before }] of this.#followed) {
      const now = wanted.get(host);
      if (now !== undefined && keyOf(now) === before) continue;
      this.#followed.delete(host);
      this.#system.stopActor(ref);
    }
    for (const [host, fetching] of wanted) {
      if (this.#followed.has(host) || this.#followed.size >= HOST_LIMIT) continue;
      const { endpoint, services } = fetching;
      const transfers = new Map<string, readonly TransferDetail[]>();
      const definition = hostActor({
        endpoint,
        connect: (url) => this.#node.connect(url),
        contracts: services.map((service) => [service, this.#contractOf(service)]),
        onAnswer: (service, answer) => {
          if (answer === null) transfers.delete(service);
          else transfers.set(service, answer);
          this.#onChange();
        },
      });
      // Numbered, because the host's previous actor may not have stopped yet.
      const ref = this.#system.spawn(`${host}-${++this.#count}`, definition);
      this.#followed.set(host, { wanted: keyOf(fetching), ref, transfers });
    }
  }

  /** The transfer of that version on that host, not older than a second; `null` when its agent did not answer. */
  find(
    host: string,
    of: { readonly service: string; readonly version: string },
  ): TransferDetail | null {
    const transfers = this.#followed.get(host)?.transfers.get(of.service) ?? [];
    return transfers.find(({ version }) => version === of.version) ?? null;
  }

  /** Ends the polling. */
  async close(): Promise<void> {
    await this.#system.stop();
  }

  /** One contract for each service, because a peer returns the same reference for the same contract. */
  #contractOf(service: string): RemoteContract<TransfersMessage> {
    const known = this.#contracts.get(service) ?? transfersContract(service);
    this.#contracts.set(service, known);
    return known;
  }
}

/** A host that fetches. */
interface Fetching {
  readonly endpoint: string;
  readonly services: string[];
}

/** Two hosts with the same key are asked in the same way. */
function keyOf({ endpoint, services }: Fetching): string {
  return JSON.stringify([endpoint, ...services]);
}

function fetchingHosts({ services }: Fleet): ReadonlyMap<string, Fetching> {
  const hosts = new Map<string, Fetching>();
  for (const [service, { hosts: entries }] of Object.entries(services)) {
    for (const { host, endpoint, online, preparation } of entries) {
      if (!online || endpoint === null || preparation?.phase !== "fetching") continue;
      const entry = hosts.get(host) ?? { endpoint, services: [] };
      entry.services.push(service);
      hosts.set(host, entry);
    }
  }
  return hosts;
}

/** An actor that finds one host's agent and asks it once a second. */
function hostActor(options: {
  readonly endpoint: string;
  readonly connect: (url: string) => Peer;
  readonly contracts: readonly (readonly [string, RemoteContract<TransfersMessage>])[];
  readonly onAnswer: (service: string, transfers: readonly TransferDetail[] | null) => void;
}): ActorDefinition<Peer | null, Message> {
  const { endpoint, connect, contracts, onAnswer } = options;
  return {
    init({ self }) {
      self.tell({ type: "find" });
      return null;
    },
    receive(peer, message, context) {
      switch (message.type) {
        case "find":
          context.pipeToSelf((signal) => actorsUrl(endpoint, signal), {
            ok: (url) => ({ type: "found", url }),
            error: () => ({ type: "not_found" }),
          });
          return peer;
        case "not_found":
          context.timers.after("find", RETRY_MS, { type: "find" });
          return peer;
        case "found":
          context.timers.every("look", LOOK_INTERVAL_MS, { type: "look" });
          return connect(message.url);
        case "look":
          if (peer === null) return peer;
          // Without a connection each question fails at once, and the peer reconnects by itself.
          for (const [service, contract] of contracts) {
            context.ask(peer.ref(contract), (replyTo) => ({ type: "transfers", replyTo }), {
              timeoutMs: TRANSFERS_ANSWER_TIMEOUT_MS,
              ok: (transfers) => ({ type: "answer", service, transfers }),
              error: () => ({ type: "answer", service, transfers: null }),
            });
          }
          return peer;
        case "answer":
          onAnswer(message.service, message.transfers);
          return peer;
      }
    },
    onStop: (peer) => peer?.close(),
  };
}
