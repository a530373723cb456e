/**
 * The fleet on one machine: a coordinator, a tracker, a build machine and the agents, each a process of its own.
 *
 * @module
 */

import { type Child } from "./children.ts";
import { Commands, type FeedPlace, type Started } from "./commands.ts";
import { writeAgentConfig, writePlan } from "./config_files.ts";
import { DemoError, within } from "./deadlines.ts";
import { type DemoHost, SERVICES } from "./fleet_layout.ts";
import { StatusFollower } from "./status_follower.ts";
import { pickFreePorts } from "./ports.ts";
import type { DemoRelease, Version } from "./releases.ts";
import type { Endpoint } from "./sampler.ts";
import { describeFleet, findHost } from "./snapshot.ts";
import type { Workspace } from "./workspace.ts";

/** What a fleet depends on. */
export interface FleetOptions {
  readonly workspace: Workspace;
  readonly hosts: readonly DemoHost[];
  /** A binary of rollcall; `null`: the source. */
  readonly program: string | null;
  /** Connect string of a ZooKeeper that runs already; `null`: the fleet brings the embedded coordinator. */
  readonly zookeeper: string | null;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** Called when something fails that nobody awaits. */
  readonly onFailure: (error: unknown) => void;
}

/** How long all agents may take to announce themselves. */
const ANNOUNCE_DEADLINE_MS = 60_000;
/** How long publishing a release may take, and a rollout, with a small blob. */
const PUBLISH_DEADLINE_MS = 60_000;
const LOOK_DEADLINE_MS = 60_000;
const ROLLOUT_DEADLINE_MS = 120_000;
/** A large blob adds to these: every host fetches, verifies and locks it on the same disk and processors, at this rate at the least. */
const SLOWEST_BYTES_PER_MS = 10_000;

/** Starts the fleet's processes and gives them their orders. */
export class Fleet {
  readonly hosts: readonly DemoHost[];
  /** Where each service of each host answers. */
  readonly endpoints: readonly Endpoint[];
  /** The snapshots of the fleet that `rollcall status` prints. */
  readonly status: StatusFollower;
  readonly #options: FleetOptions;
  readonly #commands: Commands;
  readonly #agents = new Map<string, Started>();
  #zookeeper = "";
  #feed: (FeedPlace & { readonly feedUrl: string }) | null = null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.hosts = options.hosts;
    this.status = new StatusFollower(options.signal);
    this.#commands = new Commands(options.workspace.children, options);
    const places = options.hosts.flatMap(({ name }) =>
      SERVICES.map((service) => ({ service, host: name }))
    );
    const ports = pickFreePorts(places.length);
    this.endpoints = places.map((place, index) => ({ ...place, port: ports[index] ?? 0 }));
  }

  /** The agents that run. They must be ended before what they depend on. */
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
        this.status.accept(line);
      } catch (error) {
        this.#options.onFailure(error);
      }
    });
    const [build] = await Promise.all([
      this.#commands.buildMachine(feed.feedFolder, feed.announceUrl),
      ...this.hosts.map((host) => this.#prepareAgent(host, releaseBytes)),
    ]);
    this.#feed = { ...feed, feedUrl: build.address };
    await this.status.waitFor({
      what: "every agent to announce itself for both services",
      deadlineMs: ANNOUNCE_DEADLINE_MS,
      until: (snapshot) =>
        this.endpoints.every((endpoint) => findHost(snapshot, endpoint)?.online === true),
    });
  }

  /** Publishes a release. */
  async publish(release: DemoRelease): Promise<void> {
    const { signal } = this.#options;
    await within(this.#commands.publish(release, this.#feedPlace()), {
      what: `rollcall publish ${release.service} ${release.version} to end`,
      deadlineMs: PUBLISH_DEADLINE_MS + release.sizeBytes / SLOWEST_BYTES_PER_MS,
      signal,
    });
  }

  /** Rolls out a version of both services, and waits for the end. */
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
      lastKnown: () => describeFleet(this.status.latest),
    });
  }

  /** Waits until the status shows that every host runs this version of both services. */
  async waitForVersion(version: Version, releaseBytes: number): Promise<void> {
    await this.status.waitFor({
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

  /** Kills the agent of a host; its services stay. */
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

  async #prepareAgent(host: DemoHost, releaseBytes: number): Promise<void> {
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
