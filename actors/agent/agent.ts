/**
 * One host's agent: its tree of actors, and the resources that they share (the lock of the data directory, the release
 * stores, the torrent engine). The config comes in; the tree is built from it: session and registrar for the host, four
 * actors for each service, the HTTP endpoint. References and topics are handed to the actors that need them here, so this
 * file also shows which actor tells which.
 *
 * @module
 */

import {
  adoptService,
  dataDirPaths,
  lockDataDir,
  type MachineIdentity,
  machineIdentity,
  readJsonFile,
  releasePin,
  ReleaseStore,
  writeJsonFile,
} from "../../host/mod.ts";
import type { TorrentEngine } from "../../torrent/mod.ts";
import { endpointActor } from "../endpoint/endpoint.ts";
import { fetcherActor } from "../fetcher/fetcher.ts";
import { transfersContract } from "../fetcher/transfers.ts";
import type { PinnedEvent } from "../pinner/messages.ts";
import { observerContract } from "../observer/contract.ts";
import { writeFlightFile } from "../observer/flight_file.ts";
import { observerActor } from "../observer/observer.ts";
import { pinnerActor } from "../pinner/pinner.ts";
import type { RegistrarMessage } from "../registrar/messages.ts";
import { registrarActor } from "../registrar/registrar.ts";
import type { HealthEvent } from "../runner/messages.ts";
import { runnerActor } from "../runner/runner.ts";
import {
  type ActorLogger,
  type ActorRef,
  ActorSystem,
  type Clock,
  type FlightEvent,
  type MessageHooks,
  type StopReason,
  supervisor,
  Topic,
} from "../runtime/mod.ts";
import { RemoteNode } from "../runtime/remote/mod.ts";
import { sessionActor, type SessionEvent, type SessionMessage } from "../session/session.ts";
import { upgradeCoordinator } from "../upgrade_coordinator/upgrade_coordinator.ts";
import type { AgentConfig, ServiceConfig } from "../config/agent_config.ts";
import { createEngine } from "./create_engine.ts";

/** What an agent works with besides its config. */
export interface AgentOptions {
  readonly log: ActorLogger;
  /** The program and its first arguments that run a pin keeper. */
  readonly keeperCommand: readonly string[];
  /** Makes the identity of a new data directory: text that no other agent has. */
  readonly createId: () => string;
  readonly clock: Clock;
  /** Lets a tracer follow the messages of the actors. Default: none. */
  readonly messageHooks?: MessageHooks;
}

/** A running agent. */
export interface Agent {
  /** URL of its HTTP endpoint. */
  readonly endpoint: string;
  /** Resolves when the agent has ended: by `stop`, or by a failure that restarts could not repair. */
  readonly terminated: Promise<StopReason>;
  /** Writes a flight record, for an error outside of the actors that is about to end the process. */
  recordCrash(error: unknown): void;
  /** Stops the agent. The config's `onExit` says whether services and locked pages stay. */
  stop(): Promise<void>;
}

/**
 * Starts an agent.
 *
 * @throws {HostError} `DATA_DIR_LOCKED` when another agent uses the data directory; {TransferError} when the torrent port
 *   is taken.
 */
export async function startAgent(config: AgentConfig, options: AgentOptions): Promise<Agent> {
  const { log, clock } = options;
  const lock = lockDataDir(config.dataDir);
  let engine: TorrentEngine | null = null;
  try {
    const stores = new Map<string, ReleaseStore>();
    for (const service of Object.keys(config.services)) {
      const store = new ReleaseStore(config.dataDir, service);
      await store.open();
      stores.set(service, store);
    }
    engine = await createEngine(config, log);
    const { messageHooks } = options;
    const record = crashRecorder(config, { log, clock });
    const system = ActorSystem.create({
      name: "agent",
      log,
      clock,
      ...messageHooks === undefined ? {} : { messageHooks },
      flightRecorder: { sink: (events, { error }) => record(error, events) },
    });
    const node = RemoteNode.create({ system });
    node.export(observerContract, system.spawn("observer", observerActor(system)));
    const actorsPort = listenForOthers(node, config);
    const endpoint = spawnTree(system, { config, options, stores, engine, node, actorsPort });
    const { terminated } = system;
    const url = await Promise.race([endpoint, terminated.then(endedEarly)]);
    const openEngine = engine;
    let hasFailed = false;
    void terminated.then((reason) => hasFailed = reason.kind === "failed");
    return {
      endpoint: url,
      terminated,
      recordCrash: (error) => record(error, system.flightRecord()),
      async stop() {
        await system.stop();
        await openEngine.close();
        // A failure of the agent is no reason to stop the services.
        if (config.onExit === "stop" && !hasFailed) await stopServices(config, { stores, log });
        lock.release();
      },
    };
  } catch (error) {
    await engine?.close();
    lock.release();
    throw error;
  }
}

/** Listens for other processes that look at the exported actors. Returns the port. */
function listenForOthers(node: RemoteNode, { listen, actorsPort }: AgentConfig): number {
  const hostname = listen.hostname.includes(":") ? `[${listen.hostname}]` : listen.hostname;
  return Number(new URL(node.listen(`tcp://${hostname}:${actorsPort}`)).port);
}

/** Makes a function that writes a flight record into the data directory and logs its path. It never throws. */
function crashRecorder(
  { host, dataDir }: AgentConfig,
  { log, clock }: { readonly log: ActorLogger; readonly clock: Clock },
): (error: unknown, events: readonly FlightEvent[]) => void {
  return (error, events) => {
    try {
      const path = writeFlightFile(dataDirPaths(dataDir).flightRecords, {
        host,
        error,
        events,
        clock,
      });
      log.error("what the actors did last is in {path}", { path });
    } catch (failure) {
      log.error("what the actors did last was not written: {failure}", { failure });
    }
  };
}

function endedEarly(reason: StopReason): never {
  const cause = reason.kind === "failed" ? reason.error : undefined;
  throw new Error("start agent: its actors ended before it listened", { cause });
}

/** Spawns the agent's actors. @returns The endpoint's URL, once it listens. */
function spawnTree(
  system: ActorSystem,
  deps: {
    config: AgentConfig;
    options: AgentOptions;
    stores: ReadonlyMap<string, ReleaseStore>;
    engine: TorrentEngine;
    node: RemoteNode;
    actorsPort: number;
  },
): Promise<string> {
  const { config, options, stores, engine, node, actorsPort } = deps;
  const { host, site, rack } = config;
  const agent = agentId(config.dataDir, options.createId);
  const machine = machineIdentity(Deno.realPathSync(config.dataDir));
  const identity = { host, site, rack, agent, machine };
  const sessionEvents = new Topic<SessionEvent>("session", { replayLast: true });
  const { promise: endpoint, resolve: onListening } = Promise.withResolvers<string>();
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
          }),
        );
        const registrar = scope.child(
          "registrar",
          registrarActor({ ...identity, services: Object.keys(config.services) }, sessionEvents),
        );
        for (const [service, store] of stores) {
          const serviceConfig = config.services[service];
          if (serviceConfig === undefined) continue;
          scope.child(
            `service:${service}`,
            serviceSupervisor({
              host,
              agent,
              machine,
              service,
              config: serviceConfig,
              store,
              engine,
              node,
              session,
              sessionEvents,
              registrar,
              keeperCommand: options.keeperCommand,
            }),
          );
        }
        scope.child(
          "endpoint",
          endpointActor({
            listen: config.listen,
            hostNames: config.hostNames,
            registrar,
            actors: () => system.tree(),
            actorsPort,
            onListening,
          }),
        );
      },
    }),
  );
  return endpoint;
}

/** The four actors of one service. Each depends on those to its left, and restarts with them. */
function serviceSupervisor(deps: {
  host: string;
  agent: string;
  machine: MachineIdentity;
  service: string;
  config: ServiceConfig;
  store: ReleaseStore;
  engine: TorrentEngine;
  node: RemoteNode;
  session: ActorRef<SessionMessage>;
  sessionEvents: Topic<SessionEvent>;
  registrar: ActorRef<RegistrarMessage>;
  keeperCommand: readonly string[];
}) {
  const { host, agent, service, config, store, engine, session, sessionEvents, registrar } = deps;
  const { keeperCommand, node } = deps;
  return supervisor({
    strategy: "rest_for_one",
    // A failure every other minute for an hour is not repaired by restarting one actor: then all four begin anew.
    intensity: { sustained: { maxRestarts: 30, withinMs: 3_600_000 } },
    children(scope) {
      const healthEvents = new Topic<HealthEvent>(`${service} health`, { replayLast: true });
      const pinnedEvents = new Topic<PinnedEvent>(`${service} pinned`, { replayLast: true });
      const runner = scope.child(
        "runner",
        runnerActor({ service, host, config, layout: store.layout, events: healthEvents }),
      );
      const fetcher = scope.child("fetcher", fetcherActor({ store, engine }));
      // The export ends with the fetcher; after a restart of this supervisor there is a new fetcher.
      node.export(transfersContract(service), fetcher);
      const pinner = scope.child(
        "pinner",
        pinnerActor({ service, store, config: config.pin, keeperCommand, events: pinnedEvents }),
      );
      scope.child(
        "upgrade_coordinator",
        upgradeCoordinator({
          host,
          agent,
          service,
          config,
          store,
          session,
          registrar,
          runner,
          fetcher,
          pinner,
          sessionEvents,
          healthEvents,
          pinnedEvents,
        }),
      );
    },
  });
}

/**
 * Stops the services and ends their pin keepers, for an agent with `onExit: stop`. Called when its actors have ended, or
 * they would start again what is stopped here.
 */
async function stopServices(
  config: AgentConfig,
  { stores, log }: { stores: ReadonlyMap<string, ReleaseStore>; log: ActorLogger },
): Promise<void> {
  await Promise.all([...stores].map(async ([service, store]) => {
    try {
      const { processRecord, serviceLog } = store.layout;
      const process = adoptService(processRecord, { logPath: serviceLog });
      await process?.stop({ graceMs: config.services[service]?.stopGrace ?? 0 });
      for (const { version } of await store.list()) {
        await releasePin(store.paths(version).pinStatus);
      }
    } catch (error) {
      log.error("{service}: not stopped with the agent: {error}", { service, error });
    }
  }));
}

/** The identity of the data directory; a new one gets a new identity. */
function agentId(dataDir: string, createId: () => string): string {
  const path = dataDirPaths(dataDir).agentIdentity;
  const file = readJsonFile(path);
  const value = file.state === "present" ? file.value : null;
  if (
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
  ) return value.id;
  const id = createId();
  writeJsonFile(path, { id });
  return id;
}
