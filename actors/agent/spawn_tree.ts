/**
 * The tree of an agent's actors: session, registrar and progress watch for the host, four actors for each service, the HTTP
 * endpoint.
 * References and topics are handed to the actors that need them here, so this file also shows which actor tells which.
 *
 * @module
 */

import { type HostPorts, type MachineIdentity, type Releases, thisHost } from "../../host/mod.ts";
import type { TorrentEngine } from "../../torrent/mod.ts";
import type { AgentConfig } from "../config/agent_config.ts";
import { endpointActor } from "../endpoint/endpoint.ts";
import { type FetcherDisk, thisDisk } from "../fetcher/disk.ts";
import { fetcherActor } from "../fetcher/fetcher.ts";
import { transfersContract } from "../fetcher/transfers.ts";
import type { PinnedEvent } from "../pinner/messages.ts";
import { LockOrder } from "../pinner/lock_order.ts";
import { pinnerActor } from "../pinner/pinner.ts";
import { progressWatch } from "../progress/progress_watch.ts";
import type { RegistrarMessage } from "../registrar/messages.ts";
import { registrarActor } from "../registrar/registrar.ts";
import type { HealthEvent } from "../runner/messages.ts";
import { removedActor, type RemovedOptions } from "../removed/removed.ts";
import { runnerActor } from "../runner/runner.ts";
import { type ActorRef, type ActorSystem, supervisor, Topic } from "../runtime/mod.ts";
import type { RemoteNode } from "../runtime/remote/mod.ts";
import {
  sessionActor,
  type SessionEvent,
  type SessionMessage,
  type SessionOptions,
} from "../session/session.ts";
import { ReleaseRoom } from "./release_room.ts";
import { upgradeCoordinator } from "../upgrade_coordinator/upgrade_coordinator.ts";

/** What is reached over the network of the agent itself. */
export interface RemoteAccess {
  /** Exports the actors that other processes look at. */
  readonly node: RemoteNode;
  /** The port that the node listens on. */
  readonly actorsPort: number;
  /** Called with the URL of the HTTP endpoint, once it listens. */
  readonly onListening: (url: string) => void;
}

/** What the actors of an agent work with. */
export interface TreeOptions {
  readonly config: AgentConfig;
  /** The identity of the data directory. */
  readonly agent: string;
  /** What tells this machine from one that has a copy of the data directory. */
  readonly machine: MachineIdentity;
  /** What runs of services that the config does not have. Default: nothing is looked for. */
  readonly removed?: Pick<RemovedOptions, "find" | "end"> | undefined;
  /** The releases on the disk, by service. */
  readonly stores: ReadonlyMap<string, Releases>;
  readonly engine: TorrentEngine;
  /** The program and its first arguments that run a pin keeper. */
  readonly keeperCommand: readonly string[];
  /** Undefined: there is no HTTP endpoint, and nobody looks at the actors from elsewhere. */
  readonly remote?: RemoteAccess | undefined;
  /** What the agent does to its machine. Default: to the one that this program runs on. */
  readonly ports?: HostPorts;
  /** What the fetchers need of the machine besides. Default: the one that this program runs on. */
  readonly disk?: FetcherDisk;
  /** Makes the ZooKeeper client. Default: one that connects over the network. */
  readonly connect?: SessionOptions["connect"];
}

/** Spawns the agent's actors. */
export function spawnTree(system: ActorSystem, options: TreeOptions): void {
  const { config, agent, machine, stores, removed, remote, connect } = options;
  const { host, site, rack, labels } = config;
  const checks = Object.keys(config.checks);
  const identity = { host, site, rack, labels, checks, agent, machine };
  const services = Object.keys(config.services);
  const putBackFirst = services.filter((service) =>
    config.services[service]?.undrain !== undefined
  );
  const sessionEvents = new Topic<SessionEvent>("session", { replayLast: true });
  const room = new ReleaseRoom();
  const order = new LockOrder();
  system.spawn(
    "agent",
    supervisor({
      strategy: "one_for_one",
      children(scope) {
        const session = scope.child(
          "session",
          sessionActor({
            servers: config.zookeeper,
            client: { sessionTimeoutMs: config.sessionTimeout },
            events: sessionEvents,
            ...connect === undefined ? {} : { connect },
          }),
        );
        const registrar = scope.child(
          "registrar",
          registrarActor({ ...identity, services, putBackFirst }, sessionEvents),
        );
        for (const [service, store] of stores) {
          const shared = { service, store, session, sessionEvents, registrar };
          scope.child(`service:${service}`, serviceSupervisor({ ...shared, room, order }, options));
        }
        scope.child("progress", progressWatch({ host, session, sessionEvents }));
        if (removed !== undefined) {
          const { stopRemovedAfter: stopAfterMs } = config;
          scope.child("removed", removedActor({ host, stopAfterMs, ...removed }));
        }
        if (remote === undefined) return;
        const { actorsPort, onListening } = remote;
        scope.child(
          "endpoint",
          endpointActor({
            listen: config.listen,
            hostNames: config.hostNames,
            logs: config.serveLogs
              ? new Map([...stores].map(([service, { layout }]) => [service, layout.serviceLog]))
              : undefined,
            registrar,
            removed: removed?.find,
            room: (question, clock) => room.ask(question, clock),
            actors: () => system.tree(),
            actorsPort,
            onListening,
          }),
        );
      },
    }),
  );
}

/** The four actors of one service. Each depends on those to its left, and restarts with them. */
function serviceSupervisor(
  shared: {
    readonly service: string;
    readonly store: Releases;
    readonly session: ActorRef<SessionMessage>;
    readonly sessionEvents: Topic<SessionEvent>;
    readonly registrar: ActorRef<RegistrarMessage>;
    readonly room: ReleaseRoom;
    readonly order: LockOrder;
  },
  options: TreeOptions,
) {
  const { service, store, session, sessionEvents, registrar, room, order } = shared;
  const { agent, machine, engine, keeperCommand, remote } = options;
  const { ports = thisHost, disk = thisDisk } = options;
  const { host, checks, services: { [service]: config } } = options.config;
  if (config === undefined) {
    throw new Error(`spawn actors of ${service}: the config has no such service`);
  }
  return supervisor({
    strategy: "rest_for_one",
    // A failure every other minute for an hour is not repaired by restarting one actor: then all four begin anew.
    intensity: { sustained: { maxRestarts: 30, withinMs: 3_600_000 } },
    children(scope) {
      const healthEvents = new Topic<HealthEvent>(`${service} health`, { replayLast: true });
      const pinnedEvents = new Topic<PinnedEvent>(`${service} pinned`, { replayLast: true });
      const { processes, keepers } = ports;
      const runner = scope.child(
        "runner",
        runnerActor({
          service,
          host,
          config,
          store,
          events: healthEvents,
          facts: { tell: (running) => registrar.tell({ type: "running", service, running }) },
          processes,
        }),
      );
      const fetcher = scope.child("fetcher", fetcherActor({ store, engine, disk }));
      // The export ends with the fetcher; after a restart of this supervisor there is a new fetcher.
      remote?.node.export(transfersContract(service), fetcher);
      const pinner = scope.child(
        "pinner",
        pinnerActor({
          service,
          store,
          config: config.pin,
          keeperCommand,
          events: pinnedEvents,
          keepers,
          order,
        }),
      );
      // After a restart of this supervisor there is a new pinner.
      room.set(service, { store, disk, pinner });
      scope.child(
        "upgrade_coordinator",
        upgradeCoordinator({
          host,
          agent,
          service,
          config,
          checks,
          store,
          session,
          registrar,
          runner,
          fetcher,
          pinner,
          sessionEvents,
          healthEvents,
          pinnedEvents,
          machine,
          ports,
        }),
      );
    },
  });
}
