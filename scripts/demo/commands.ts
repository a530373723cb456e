/**
 * How the demo runs the commands that a user runs, and what they say once they are ready.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Child, ChildOptions, Children } from "./children.ts";
import { DemoError } from "./deadlines.ts";
import { BUILD_MACHINE } from "./fleet_layout.ts";
import type { DemoRelease } from "./releases.ts";

const PROGRAM = fileURLToPath(new URL("../../mod.ts", import.meta.url));

// Twenty programs start at once on two cores; one alone needs a second.
const READY_DEADLINE_MS = 60_000;
const ANY_PORT = "127.0.0.1:0";

/** The arguments of `deno` that run a command of rollcall. */
export function rollcall(...args: readonly string[]): string[] {
  return ["run", "-A", PROGRAM, ...args];
}

/** A command that runs until it is stopped. */
export interface Started {
  readonly child: Child;
  /** Where it can be reached. */
  readonly address: string;
}

/** Runs the commands for one demo. */
export class Commands {
  readonly #children: Children;
  readonly #signal: AbortSignal;

  constructor(children: Children, signal: AbortSignal) {
    this.#children = children;
    this.#signal = signal;
  }

  /** Starts the embedded coordinator; the address is `HOST:PORT`. */
  coordinator(dataFolder: string): Promise<Started> {
    const args = rollcall("coordinator", "--listen", ANY_PORT, "--data", dataFolder, "--json");
    return this.#start({ name: "coordinator", args }, "listening");
  }

  /** Starts the tracker; the address is its announce URL. */
  tracker(): Promise<Started> {
    return this.#start(
      { name: "tracker", args: rollcall("tracker", "--listen", ANY_PORT, "--json") },
      "announceUrl",
    );
  }

  /** Starts the build machine with an empty feed; the address is the feed's URL. */
  buildMachine(feedFolder: string, announceUrl: string): Promise<Started> {
    return this.#start(
      { name: BUILD_MACHINE.name, args: publishArgs([], { feedFolder, announceUrl }) },
      "feedUrl",
    );
  }

  /** Adds a release to the feed of the build machine that runs. */
  async publish(release: DemoRelease, feed: FeedPlace): Promise<void> {
    const { service, version, folder } = release;
    const child = this.#children.start({
      name: `publish-${service}-${version}`,
      args: publishArgs([service, version, folder], feed),
      endsByItself: true,
    });
    await child.finished;
  }

  /** Starts an agent; the address is its endpoint. */
  agent(host: string, configPath: string): Promise<Started> {
    return this.#start(
      { name: `agent-${host}`, args: rollcall("agent", "--config", configPath, "--json") },
      "endpoint",
    );
  }

  /** Follows the fleet, a line for each change. */
  status(zookeeper: string, onLine: (line: string) => void): Child {
    return this.#children.start({
      name: "status",
      args: rollcall("status", "--zookeeper", zookeeper, "--json", "--watch"),
      onLine,
    });
  }

  /** Runs a rollout to its end; {@link Child.finished} says how it went. */
  rollout(planPath: string, { name, zookeeper }: { name: string; zookeeper: string }): Child {
    return this.#children.start({
      name,
      args: rollcall("rollout", planPath, "--zookeeper", zookeeper, "--json"),
      endsByItself: true,
    });
  }

  async #start(options: ChildOptions, key: string): Promise<Started> {
    const { child, ready } = await this.#children.startReady(options, {
      deadlineMs: READY_DEADLINE_MS,
      signal: this.#signal,
    });
    const parsed = z.looseObject({ [key]: z.string() }).safeParse(ready);
    const address = parsed.data?.[key];
    if (typeof address === "string") return { child, address };
    throw new DemoError(
      `start ${options.name}: expected a first line {"${key}":"…"}, was ${JSON.stringify(ready)}`,
    );
  }
}

/** Where releases are published. */
export interface FeedPlace {
  readonly feedFolder: string;
  readonly announceUrl: string;
}

function publishArgs(release: readonly string[], { feedFolder, announceUrl }: FeedPlace): string[] {
  const { name, site, rack } = BUILD_MACHINE;
  const feed = ["--feed", feedFolder, "--listen", ANY_PORT, "--announce", announceUrl];
  const place = ["--host", name, "--site", site, "--rack", rack];
  return rollcall("publish", ...release, ...feed, ...place, "--json");
}
