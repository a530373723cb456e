/**
 * The fleet on one machine: coordinator, tracker, build machine and agents, each a process.
 *
 * @module
 */

import { type Child } from "./children.ts";
import { Commands, type FeedPlace, type Started } from "./commands.ts";
import { writeAgentConfig, writePlan } from "./config_files.ts";
import { DemoError, within } from "./deadlines.ts";
import { type FleetHost, SERVICES } from "./fleet_layout.ts";
import { FleetWatch } from "./fleet_watch.ts";
import { pickFreePorts } from "./ports.ts";
import type { Release, Version } from "./releases.ts";
import type { Endpoint } from "./sampler.ts";
import { describeFleet, findHost } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

/** What a fleet depends on. */
export interface FleetOptions {
  readonly workspace: Workspace;
  readonly hosts: readonly FleetHost[];
  /** A binary of rollcall; `null`: the source. */
  readonly program: string | null;
  /** Connect string of a ZooKeeper that runs already; `null`: the fleet brings the embedded coordinator. */
  readonly zookeeper: string | null;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** Called when something that cannot be waited for goes wrong. */
  readonly onFailure: (error: unknown) => void;
}

const ANNOUNCE_DEADLINE_MS = 60_000;
const PUBLISH_DEADLINE_MS = 60_000;
const LOOK_DEADLINE_MS = 60_000;
const ROLLOUT_DEADLINE_MS = 120_000;
// On top of that, for blobs of the user's: every host fetches, verifies and locks them on the same disk and processors.
const SLOWEST_BYTES_PER_MS = 10_000;

/** Runs the fleet. */
export class Fleet {
  readonly hosts: readonly FleetHost[];
  /** Where each service of each host answers. */
  readonly endpoints: readonly Endpoint[];
  /** What the fleet looks like, from `rollcall status`. */
  readonly watch: FleetWatch;
  readonly #options: FleetOptions;
  readonly #commands: Commands;
  readonly #agents = new Map<string, Started>();
  #zookeeper = "";
  #feed: (FeedPlace & { readonly feedUrl: string }) | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.hosts = options.hosts;
    this.watch = new FleetWatch(options.signal);
    this.#commands = new Commands(options.workspace.children, options);
    const places = options.hosts.flatMap(({ name }) =>
      SERVICES.map((service) => ({ service, host: name }))
    );
    const ports = pickFreePorts(places.length);
    this.endpoints = places.map((place, index) => ({ ...place, port: ports[index] ?? 0 }));
  }

  /** The agents that run; they are to be ended before what they depend on. */
  get agents(): Child[] {
    return [...this.#agents.values()].map(({ child }) => child);
  }

  /** Starts every process and waits until every agent has announced itself for both services. */
  async start(releaseBytes: number): Promise<void> {
    const { workspace: { folder }, zookeeper } = this.#options;
    const [coordinator, tracker] = await Promise.all([
      zookeeper === null
        ? this.#commands.coordinator(`${folder}/coordinator`)
        : { address: zookeeper },
      this.#commands.tracker(),
    ]);
    this.#zookeeper = coordinator.address;
    const feed = { feedFolder: `${folder}/feed`, announceUrl: tracker.address };
    this.#commands.status(this.#zookeeper, (line) => {
      try {
        this.watch.accept(line);
      } catch (error) {
        this.#options.onFailure(error);
      }
    });
    const [build] = await Promise.all([
      this.#commands.buildMachine(feed.feedFolder, feed.announceUrl),
      ...this.hosts.map((host) => this.#prepareAgent(host, releaseBytes)),
    ]);
    this.#feed = { ...feed, feedUrl: build.address };
    await this.watch.waitFor({
      what: "every agent to announce itself for both services",
      deadlineMs: ANNOUNCE_DEADLINE_MS,
      until: (snapshot) =>
        this.endpoints.every((endpoint) => findHost(snapshot, endpoint)?.online === true),
    });
  }

  /** Publishes a release. */
  async publish(release: Release): Promise<void> {
    const { signal } = this.#options;
    await within(this.#commands.publish(release, this.#feedPlace()), {
      what: `rollcall publish ${release.service} ${release.version} to end`,
      deadlineMs: PUBLISH_DEADLINE_MS + release.sizeBytes / SLOWEST_BYTES_PER_MS,
      signal,
    });
  }

  /** Rolls a version of both services out, to the end. */
  async rollOut(version: Version, releaseBytes: number): Promise<void> {
    const { workspace, signal } = this.#options;
    const { feedUrl } = this.#feedPlace();
    const planPath = `${workspace.folder}/plan-${version}.yaml`;
    const hostsCount = this.hosts.length;
    await Deno.writeTextFile(planPath, writePlan({ feedUrl, version, hostsCount }));
    const rollout = this.#commands.rollout(planPath, {
      name: `rollout-${version}`,
      zookeeper: this.#zookeeper,
    });
    await within(rollout.finished, {
      what: `the rollout of ${version} to finish`,
      deadlineMs: this.#rolloutDeadlineMs(releaseBytes),
      signal,
      lastKnown: () => describeFleet(this.watch.latest),
    });
  }

  /** Waits until the fleet says of every host that it runs this version of both services. */
  async waitForVersion(version: Version, releaseBytes: number): Promise<void> {
    await this.watch.waitFor({
      what: `every host to run ${version}, and to have unlocked what it ran before`,
      deadlineMs: this.#rolloutDeadlineMs(releaseBytes),
      until: (snapshot) =>
        this.endpoints.every((endpoint) => {
          const host = findHost(snapshot, endpoint);
          return host?.online === true && host.version === version && host.slot === null &&
            host.pinnedBytes <= releaseBytes;
        }),
    });
  }

  /** Looks inside a host's agent, and counts its actors. */
  async countActors(host: string): Promise<number> {
    return await within(this.#commands.countActors(host, this.#zookeeper), {
      what: `rollcall actors ${host} to end`,
      deadlineMs: LOOK_DEADLINE_MS,
      signal: this.#options.signal,
    });
  }

  /** Kills the agent of a host, and nothing else of it. */
  async killAgent(host: string): Promise<void> {
    const agent = this.#agents.get(host);
    if (agent === undefined) throw new DemoError(`kill the agent of ${host}: it does not run`);
    agent.child.kill("SIGKILL");
    await agent.child.exited;
    this.#agents.delete(host);
  }

  /** Starts the agent of a host with the config that it had. */
  async startAgent(host: string): Promise<void> {
    this.#agents.set(host, await this.#commands.agent(host, this.#configPath(host)));
  }

  async #prepareAgent(host: FleetHost, releaseBytes: number): Promise<void> {
    const { folder, mark } = this.#options.workspace;
    const portOf = (service: string) =>
      this.endpoints.find((endpoint) => endpoint.host === host.name && endpoint.service === service)
        ?.port ?? 0;
    const config = writeAgentConfig({
      host,
      zookeeper: this.#zookeeper,
      dataFolder: `${folder}/hosts/${host.name}`,
      workFolder: folder,
      ports: { A: portOf("A"), B: portOf("B") },
      mark,
      releaseBytes,
    });
    await Deno.mkdir(`${folder}/hosts/${host.name}`, { recursive: true });
    await Deno.writeTextFile(this.#configPath(host.name), config);
    await this.startAgent(host.name);
  }

  #configPath(host: string): string {
    return `${this.#options.workspace.folder}/${host}.yaml`;
  }

  #feedPlace(): FeedPlace & { readonly feedUrl: string } {
    if (this.#feed === null) throw new DemoError("publish: the build machine does not run yet");
    return this.#feed;
  }

  #rolloutDeadlineMs(releaseBytes: number): number {
    const allBytes = releaseBytes * this.endpoints.length;
    return ROLLOUT_DEADLINE_MS + allBytes / SLOWEST_BYTES_PER_MS;
  }
}
