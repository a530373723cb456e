/**
 * One host's agent: it opens what its actors share (the lock of the data directory, the release stores, the torrent
 * engine), spawns their tree (spawn_tree.ts), and closes all of it in order.
 *
 * @module
 */

import { formatAddress } from "../../base/ip_address.ts";
import {
  adoptService,
  dataDirPaths,
  endRemovedService,
  findRemovedServices,
  lockDataDir,
  machineIdentity,
  readJsonFile,
  releasePin,
  ReleaseStore,
  writeJsonFile,
} from "../../host/mod.ts";
import type { TorrentEngine } from "../../torrent/mod.ts";
import { observerContract } from "../observer/contract.ts";
import { writeFlightFile } from "../observer/flight_file.ts";
import { observerActor } from "../observer/observer.ts";
import {
  type ActorLogger,
  ActorSystem,
  type Clock,
  type FlightEvent,
  type MessageHooks,
  type StopReason,
} from "../runtime/mod.ts";
import { RemoteNode } from "../runtime/remote/mod.ts";
import type { AgentConfig } from "../config/agent_config.ts";
import { createEngine } from "./create_engine.ts";
import { spawnTree } from "./spawn_tree.ts";

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
    const { promise: listening, resolve: onListening } = Promise.withResolvers<string>();
    spawnTree(system, {
      config,
      agent: agentId(config.dataDir, options.createId),
      machine: machineIdentity(Deno.realPathSync(config.dataDir)),
      stores,
      engine,
      keeperCommand: options.keeperCommand,
      removed: removedServices(config),
      remote: { node, actorsPort, onListening },
    });
    const { terminated } = system;
    const url = await Promise.race([listening, terminated.then(endedEarly)]);
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

/** Grace of a service of which the config does not say how it is stopped any more: the default of `stopGrace`. */
const REMOVED_GRACE_MS = 10_000;

function removedServices({ dataDir, services }: AgentConfig) {
  return {
    find: () => findRemovedServices(dataDir, Object.keys(services)),
    end: (service: string) => endRemovedService(dataDir, { service, graceMs: REMOVED_GRACE_MS }),
  };
}

/** Listens for other processes that look at the exported actors. Returns the port. */
function listenForOthers(node: RemoteNode, { listen, actorsPort }: AgentConfig): number {
  const address = formatAddress(listen.hostname, actorsPort);
  return Number(new URL(node.listen(`tcp://${address}`)).port);
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
      const { stopGrace = 0, stopSignal } = config.services[service] ?? {};
      await process?.stop({ graceMs: stopGrace, signal: stopSignal });
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
