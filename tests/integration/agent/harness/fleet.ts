/**
 * A fleet on this machine for one test: coordinator, tracker and build machine in the test's process, each agent a process.
 * Whatever a test does to it, {@link TestFleet} leaves nothing running.
 *
 * @module
 */

import { stringify } from "yaml";
import {
  abortRollout,
  createRolloutId,
  ensureSkeleton,
  type Fleet,
  type FleetHost,
  pauseRollout,
  readFleet,
  readKnownServices,
  resumeRollout,
  startRollout,
} from "../../../../coordination/mod.ts";
import {
  checkPlan,
  type Plan,
  type PolicyInput,
  type Release,
  type WaveList,
} from "../../../../rollout/mod.ts";
import { endMarked, findMarked } from "../../../../scripts/demo/marked_processes.ts";
import { pickFreePorts } from "../../../../scripts/demo/ports.ts";
import { readFeed } from "../../../../torrent/mod.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { agentConfig, type HostOptions } from "./agent_config.ts";
import { AgentProcess, type Exit } from "./agent_process.ts";
import { BuildMachine, type TestRelease } from "./build_machine.ts";
import { askService, Observer, pause, type Place } from "./observer.ts";
import type { Behaviour } from "./service_program.ts";

/** The options of a fleet. */
export interface FleetOptions extends HostOptions {
  readonly hosts: readonly string[];
  /** Default: one, `web`. */
  readonly services?: readonly string[];
  /** The racks of hosts; the others stand in one. */
  readonly racks?: Readonly<Record<string, string>>;
}

/** The options of a rollout. */
export interface TestRollout {
  /** Version by service. */
  readonly versions: Readonly<Record<string, string>>;
  readonly policy?: PolicyInput;
  readonly dependsOn?: Readonly<Record<string, readonly string[]>>;
  readonly order?: Plan["order"];
  /** Waves by service. */
  readonly waves?: Readonly<Record<string, WaveList>>;
  readonly parallel?: boolean;
  readonly onFailure?: Plan["onFailure"];
  /** Changes the releases before they are offered. */
  readonly beforeWriting?: (releases: Map<string, Release>) => Promise<void> | void;
}

/** How long a test waits. Generous: it is reached only when the test fails. */
const PATIENCE_MS = 60_000;

const LOG_TAIL_LINES = 25;

/** A policy with short times for tests, long enough for every step to be seen. */
const QUICK: PolicyInput = {
  quorum: 1,
  bakeTime: 100,
  health: { deadline: 1_500, interval: 50, successes: 1 },
};

/** Starts, steers and ends a fleet. */
export class TestFleet {
  readonly hosts: readonly string[];
  readonly folder: string;
  /** A client of the test's own. */
  readonly zookeeper: ZooKeeper;
  readonly build: BuildMachine;
  readonly observer: Observer;
  readonly #mark = `test-${crypto.randomUUID()}`;
  readonly #options: FleetOptions;
  readonly #agents = new Map<string, AgentProcess>();
  readonly #places: readonly Place[];
  #coordinator: Coordinator;
  #startedCount = 0;

  private constructor(own: {
    options: FleetOptions;
    folder: string;
    coordinator: Coordinator;
    zookeeper: ZooKeeper;
    build: BuildMachine;
  }) {
    const { services = ["web"], hosts } = own.options;
    this.hosts = hosts;
    this.folder = own.folder;
    this.build = own.build;
    this.zookeeper = own.zookeeper;
    this.#options = own.options;
    this.#coordinator = own.coordinator;
    const places = hosts.flatMap((host) => services.map((service) => ({ host, service })));
    const ports = pickFreePorts(places.length);
    this.#places = places.map((place, index) => ({ ...place, port: ports[index] ?? 0 }));
    this.observer = new Observer(own.zookeeper, this.#places);
  }

  /** Where the coordinator listens, for commands. */
  get connectString(): string {
    return this.#coordinator.connectString;
  }

  /** Runs a test with a fleet whose agents are all registered; ends everything, whatever happens. */
  static async run(options: FleetOptions, test: (fleet: TestFleet) => Promise<void>) {
    const fleet = await TestFleet.#create(options);
    try {
      for (const host of fleet.hosts) await fleet.startAgent(host);
      await fleet.untilOnline();
      await test(fleet);
    } catch (error) {
      // The reason last: what shows the end of a long output alone shows it, too.
      throw new Error(`${fleet.#tails()}\n--- ${error instanceof Error ? error.stack : error}`);
    } finally {
      await fleet.#close();
    }
  }

  static async #create(options: FleetOptions): Promise<TestFleet> {
    const folder = await Deno.makeTempDir({ prefix: "rollcall-agents-" });
    await Deno.mkdir(`${folder}/switches`);
    const dataDir = `${folder}/coordinator`;
    const coordinator = await Coordinator.listen({ dataDir, tickTimeMs: 100 });
    const zookeeper = new ZooKeeper(coordinator.connectString, { sessionTimeoutMs: 60_000 });
    await ensureSkeleton(zookeeper, 0);
    const build = await BuildMachine.start(`${folder}/build`);
    return new TestFleet({ options, folder, coordinator, zookeeper, build });
  }

  /** Writes a host's config and starts its agent. */
  async startAgent(host: string, changes: HostOptions = {}): Promise<AgentProcess> {
    const configPath = `${this.folder}/${host}.yaml`;
    const rack = this.#options.racks?.[host];
    const options = { ...this.#options, ...(rack === undefined ? {} : { rack }), ...changes };
    const config = agentConfig(options, {
      host: changes.name ?? host,
      folder: this.folder,
      dataDir: `${this.folder}/${changes.dataDirOf ?? host}`,
      zookeeper: this.#coordinator.connectString,
      ports: new Map(
        this.#places.filter((place) => place.host === (changes.name ?? host))
          .map(({ service, port }) => [service, port]),
      ),
      mark: this.#mark,
    });
    await Deno.writeTextFile(configPath, stringify(config));
    const agent = new AgentProcess({
      configPath,
      // One log file for each agent, so that it holds only its own records.
      logPath: `${this.folder}/${host}-${++this.#startedCount}.log`,
      mark: this.#mark,
      ...(options.wrapper === undefined ? {} : { wrapper: options.wrapper }),
    });
    this.#agents.set(host, agent);
    return agent;
  }

  agent(host: string): AgentProcess {
    const agent = this.#agents.get(host);
    if (agent === undefined) throw new Error(`agent of ${host}: never started`);
    return agent;
  }

  /** Ends an agent, with its services and pin keepers still running. */
  async killAgent(host: string, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<Exit> {
    return await this.agent(host).end(signal);
  }

  /** The machine goes down: agent and services are gone at once. */
  async killMachine(host: string): Promise<void> {
    this.agent(host).signal("SIGKILL");
    await this.agent(host).exited;
    for (const { service } of this.#places.filter((place) => place.host === host)) {
      const record = `${this.folder}/${host}/${service}/.rollcall/process.json`;
      const { pid } = JSON.parse(await Deno.readTextFile(record));
      if (findMarked(this.#mark).some((found) => found.pid === pid)) Deno.kill(pid, "SIGKILL");
    }
    for (const pid of await this.keeperPids(host)) Deno.kill(pid, "SIGKILL");
  }

  /** Copies a host's data folder while its agent runs, as the clone of a virtual machine has it. */
  async copyDataDir(host: string, to: string): Promise<void> {
    const { success } = await new Deno.Command("cp", {
      args: ["-a", `${this.folder}/${host}`, `${this.folder}/${to}`],
    }).output();
    if (!success) throw new Error(`the data folder of ${host} was not copied`);
  }

  /** Changes the times of a release's files, as a backup that was restored does: they are not as they were verified. */
  async touchRelease(host: string, version: string, service = "web"): Promise<void> {
    const folder = `${this.folder}/${host}/${service}/${version}`;
    for await (const { name } of Deno.readDir(folder)) await Deno.utime(`${folder}/${name}`, 1, 1);
  }

  /** The pin keepers of a host, as their status files name them. */
  async keeperPids(host: string, service = "web"): Promise<number[]> {
    const folder = `${this.folder}/${host}/${service}/.rollcall`;
    const running = new Set(findMarked(this.#mark).map(({ pid }) => pid));
    const pids: number[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".pin.json")) continue;
      const { pid } = JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
      if (running.has(pid)) pids.push(pid);
    }
    return pids;
  }

  /** Processes of this fleet that run: agents, services, keepers. */
  get processCount(): number {
    return findMarked(this.#mark).length;
  }

  /** What the service of a host answers about itself. */
  async service(host: string, service = "web") {
    const place = this.#places.find((other) => other.host === host && other.service === service);
    return place === undefined ? null : await askService(place.port);
  }

  /** Turns a switch on or off that services and hooks react to. */
  async turn(name: string, to: "on" | "off"): Promise<void> {
    const path = `${this.folder}/switches/${name}`;
    if (to === "on") await Deno.writeTextFile(path, "");
    else await Deno.remove(path).catch(() => {});
  }

  /** Publishes a version of `web`, or of another service. */
  async publish(
    version: string,
    behaviour: Behaviour = { kind: "healthy" },
    more: Partial<TestRelease> = {},
  ) {
    await this.build.publish({ service: "web", ...more, version, behaviour });
  }

  /** Starts a rollout, as the command does it; returns its id. */
  async startRollout(rollout: TestRollout): Promise<string> {
    const {
      versions,
      policy,
      dependsOn,
      order,
      waves,
      parallel = false,
      onFailure,
      beforeWriting,
    } = rollout;
    const offered = await readFeed(this.build.feedUrl);
    const releases = new Map<string, Release>();
    for (const [service, version] of Object.entries(versions)) {
      const found = offered.find((other) => other.service === service && other.version === version);
      if (found === undefined) throw new Error(`${service} ${version} was never published`);
      const { infoHash, sizeBytes, torrentUrl } = found;
      releases.set(service, { service, version, infoHash, sizeBytes, torrentUrl });
    }
    const services = Object.fromEntries(
      Object.entries(versions).map(([service, version]) => [service, {
        version,
        dependsOn: [...(dependsOn?.[service] ?? [])],
        policy: mergePolicy(policy),
        ...(waves?.[service] === undefined ? {} : { waves: waves[service] }),
      }]),
    );
    const checked = checkPlan(
      {
        services,
        parallel,
        ...(onFailure === undefined ? {} : { onFailure }),
        ...(order === undefined ? {} : { order }),
      } as Plan,
      (await readKnownServices(this.zookeeper, { hostsOf: Object.keys(services) })).services,
    );
    if (!checked.ok) throw new Error(checked.problems.join("\n"));
    await beforeWriting?.(releases);
    const nowMs = Date.now();
    const id = createRolloutId(nowMs, Math.random);
    await startRollout(this.zookeeper, { ...checked, releases, id, by: "test", nowMs });
    return id;
  }

  /** Publishes a good version of `web`, rolls it out everywhere and waits for the end. */
  async install(version: string, policy: PolicyInput = {}): Promise<void> {
    await this.publish(version);
    const everywhere = { maxUnavailable: "100%", maxConcurrent: this.hosts.length } as const;
    await this.startRollout({ versions: { web: version }, policy: { ...everywhere, ...policy } });
    await this.untilFinished();
    await this.untilServing(version);
  }

  /** Waits until the agents of these hosts, or of all, are registered; an entry in the tree may be a ghost's. */
  async untilOnline(hosts: readonly string[] = this.hosts): Promise<void> {
    const services = this.#options.services ?? ["web"];
    await this.until(
      `${hosts.join(", ")} are registered`,
      () =>
        hosts.every((host) =>
          services.every((service) => this.agent(host).log.includes(`${service}: registered as`))
        ),
    );
  }

  /** Waits until the sessions of these hosts, or of all, have expired. */
  async untilOffline(hosts: readonly string[] = this.hosts): Promise<void> {
    await this.until(
      `${hosts.join(", ")} are offline`,
      (fleet) => hosts.every((host) => find(fleet, host)?.online === false),
    );
  }

  async untilFinished(): Promise<void> {
    await this.until("the rollout is finished", ({ rollout }) => rollout?.state === "finished");
  }

  /** Waits until these hosts, or all, serve that version, by their entries and by their services' answers. */
  async untilServing(version: string, hosts: readonly string[] = this.hosts): Promise<void> {
    await this.until(`${hosts.join(", ")} serve ${version}`, async (fleet) => {
      const isRegistered = hosts.every((name) => {
        const host = find(fleet, name);
        return host?.online === true && host.version === version && host.state === "serving";
      });
      if (!isRegistered) return false;
      const answers = await Promise.all(hosts.map((host) => this.service(host)));
      return answers.every((answer) => answer?.version === version);
    });
  }

  async pause(): Promise<void> {
    await pauseRollout(this.zookeeper, { by: "test", reason: null, sinceMs: Date.now() });
  }

  async resume(): Promise<void> {
    await resumeRollout(this.zookeeper, { by: "test", reason: null, sinceMs: Date.now() });
  }

  async abort(): Promise<void> {
    await abortRollout(this.zookeeper, { by: "test", nowMs: Date.now() });
  }

  /** The fleet as it is now. */
  async read(): Promise<Fleet> {
    return await readFleet(this.zookeeper);
  }

  /** The entry of a host. */
  async host(name: string, service = "web"): Promise<FleetHost> {
    const host = find(await this.read(), name, service);
    if (host === undefined) throw new Error(`${name} is not on the roster of ${service}`);
    return host;
  }

  /** Waits until the fleet is as described. If it never is, the error shows the fleet. */
  async until(
    what: string,
    isTrue: (fleet: Fleet) => boolean | Promise<boolean>,
  ): Promise<Fleet> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const fleet = await this.read();
      for (const [host, { unexpectedEnd }] of this.#agents) {
        if (unexpectedEnd === null) continue;
        throw new Error(`waiting until ${what}: the agent of ${host} ended by itself`);
      }
      if (await isTrue(fleet)) return fleet;
      if (performance.now() > deadlineMs) {
        throw new Error(`waited in vain until ${what}; the fleet was\n${describe(fleet)}`);
      }
      await pause();
    }
  }

  /** Waits until the host's entry is as described. */
  async untilHost(
    name: string,
    what: string,
    isTrue: (host: FleetHost) => boolean,
  ): Promise<FleetHost> {
    const fleet = await this.until(`${name} ${what}`, (snapshot) => {
      const host = find(snapshot, name);
      return host !== undefined && isTrue(host);
    });
    const host = find(fleet, name);
    if (host === undefined) throw new Error(`${name} is gone`);
    return host;
  }

  /** Stops the coordinator, as a crash of it would. */
  async stopCoordinator(): Promise<void> {
    await this.#coordinator.close();
  }

  /** Starts it again, at the same address with the same data. */
  async restartCoordinator(): Promise<void> {
    const { port } = this.#coordinator;
    this.#coordinator = await Coordinator.listen({
      port,
      dataDir: `${this.folder}/coordinator`,
      tickTimeMs: 100,
    });
  }

  #tails(): string {
    return [...this.#agents].map(([host, { log }]) =>
      `--- ${host}\n${log.trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n")}`
    ).join("\n");
  }

  async #close(): Promise<void> {
    await this.observer.stop();
    for (const agent of this.#agents.values()) {
      agent.signal("SIGKILL");
      await agent.exited;
    }
    await endMarked(this.#mark, { graceMs: 0 });
    await this.build.close();
    await this.zookeeper.close();
    await this.#coordinator.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A host's part in a service. */
export function find(fleet: Fleet, name: string, service = "web"): FleetHost | undefined {
  return fleet.services[service]?.hosts.find(({ host }) => host === name);
}

function mergePolicy(policy: PolicyInput = {}): PolicyInput {
  return { ...QUICK, ...policy, health: { ...QUICK.health, ...policy.health } };
}

function describe(fleet: Fleet): string {
  const hosts = Object.entries(fleet.services).flatMap(([service, { hosts, committed }]) => [
    `${service}: committed ${committed}`,
    ...hosts.map(({ host, online, version, state, slot, preparation, waitingFor }) =>
      `  ${host}: ${online ? "online" : "offline"} ${version} ${state} slot ${slot?.step ?? "-"} ` +
      `${preparation?.phase ?? "-"}; ${waitingFor ?? "-"}`
    ),
  ]);
  const queue = fleet.queue.map(({ service, version }) => `${service} ${version}`).join(", ");
  const { control, rollout } = fleet;
  return [
    `control ${control?.state} (${control?.reason}), rollout ${rollout?.state}, queue: ${queue}`,
    ...fleet.problems,
    ...hosts,
  ].join("\n");
}
