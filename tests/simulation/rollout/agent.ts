/**
 * A machine's agent as actors: a supervisor, the session, and one actor per service that takes the steps of its host's
 * model. They fail together, and with them everything that they knew.
 *
 * @module
 */

import {
  type ActorDefinition,
  type ActorRef,
  supervisor,
  type SupervisorMessage,
  type SupervisorState,
} from "../../../actors/runtime/mod.ts";
import { AgentDied, type Environment } from "./environment.ts";
import { HostModel } from "./host_model.ts";
import type { Client, Installation, Machine } from "./machine.ts";

/** Messages to the actor of a service. */
export type PartMessage =
  | { readonly type: "step" }
  /** The agent's process is killed. */
  | { readonly type: "crash" };

/** Messages to the actor of the session. */
export type SessionMessage = { readonly type: "connect" } | { readonly type: "expire" };

/** The machine that an agent is for. */
export interface AgentOptions {
  readonly machine: Machine;
  /** The services of the machine, at least one. */
  readonly installations: readonly Installation[];
  readonly environment: Environment;
  /** Cuts the power of the machine. */
  readonly cutPower: () => void;
}

/** The actors of an agent, for faults, as long as the machine has power. */
export interface AgentRefs {
  readonly session: ActorRef<SessionMessage>;
  readonly parts: readonly ActorRef<PartMessage>[];
}

/** The supervision of an agent: it is restarted at once and without limit, as systemd would do, since a run may kill it often. */
const KEPT_ALIVE = {
  intensity: { maxRestarts: 10_000, withinMs: 60_000 },
  // Without jitter: with whole milliseconds several actors are ready at once, and the scheduler has a choice.
  backoff: { initialMs: 3, factor: 1, jitter: 0 },
} as const;

/** The longest stall, in steps of a host. */
const MAX_STALL = 40;

/** Creates the agent of one machine; `onRefs` gets its actors when they are declared. */
export function agent(
  options: AgentOptions,
  onRefs: (refs: AgentRefs) => void,
): ActorDefinition<SupervisorState, SupervisorMessage> {
  const shared: Shared = { client: { session: null, seenZxid: 0 } };
  return supervisor({
    name: "agent",
    // They are one process: a fault that kills one of them kills all.
    strategy: "one_for_all",
    ...KEPT_ALIVE,
    children(scope) {
      const session = scope.child("session", sessionActor(shared, options.environment));
      const parts = options.installations.map((installation) =>
        scope.child(installation.service, partActor(installation, { ...options, shared }))
      );
      onRefs({ session, parts });
    },
  });
}

/** The session is the first child: it creates a client before the others start, and closes it after they have stopped. */
interface Shared {
  client: Client;
}

function sessionActor(
  shared: Shared,
  environment: Environment,
): ActorDefinition<Client, SessionMessage> {
  const connectSoon = { type: "connect" } as const;
  const soonMs = () => environment.random.between(1, environment.paceMs);
  return {
    name: "session",
    init({ timers }) {
      timers.after("connect", soonMs(), connectSoon);
      return shared.client = { session: null, seenZxid: 0 };
    },
    receive(client, message, { path, timers }) {
      environment.turn(() => {
        if (message.type === "connect") {
          client.session = environment.tree.openSession();
        } else if (client.session !== null) {
          environment.note(`${path} is lost`);
          environment.tree.expire(client.session);
          client.session = null;
          timers.after("connect", soonMs(), connectSoon);
        }
      });
      return client;
    },
    onStop({ session }) {
      if (session !== null) environment.orphan(session);
    },
  };
}

function partActor(
  installation: Installation,
  { environment, machine, cutPower, shared }: AgentOptions & { readonly shared: Shared },
): ActorDefinition<HostModel, PartMessage> {
  const { random, paceMs } = environment;
  return {
    name: "part",
    init({ timers }) {
      timers.after("step", random.between(1, paceMs), { type: "step" });
      return installation.agent = new HostModel(installation, {
        client: shared.client,
        environment,
      });
    },
    receive(host, message, { timers }) {
      try {
        environment.turn(() => {
          if (message.type === "crash") throw new AgentDied("the agent is killed");
          host.step();
        });
      } catch (error) {
        if (!(error instanceof AgentDied)) throw error;
        environment.note(`${machine.name} loses its agent`);
        // An agent that dies in the middle of a request dies half of the time because its machine loses power.
        if (message.type === "step" && random.chance(0.5)) cutPower();
        throw error;
      }
      // The worst time for a stall: between the reading and the decision.
      const isStalled = environment.hasFaults() && host.memory.reading !== null &&
        random.chance(0.1);
      const steps = isStalled ? random.between(2, MAX_STALL + 1) : 1;
      timers.after("step", steps * random.between(1, paceMs), { type: "step" });
      return host;
    },
    onStop() {
      installation.agent = null;
    },
  };
}
