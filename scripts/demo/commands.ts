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

const SOURCE = fileURLToPath(new URL("../../mod.ts", import.meta.url));

// Twenty programs start at once on two cores; one alone needs a second.
const READY_DEADLINE_MS = 60_000;

/** The command line up to the command of rollcall: the binary that was named, else Deno with the source. */
export function rollcallCommand(binary: string | null): [string, ...string[]] {
  return binary === null ? [Deno.execPath(), "run", "-A", SOURCE] : [binary];
}

/** A command that runs until it is stopped. */
export interface Started {
  readonly child: Child;
  /** Where it can be reached. */
  readonly address: string;
}

/** What commands depend on. */
export interface CommandsOptions {
  /** A binary of rollcall; `null`: the source beside this file. */
  readonly program: string | null;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  /** The address that tracker and build machine listen on. Default: loopback. */
  readonly hostname?: string;
}

/** Runs the commands for one demo. */
export class Commands {
  readonly #children: Children;
  readonly #rollcall: readonly [string, ...string[]];
  readonly #signal: AbortSignal;
  /** Any free port of the address. */
  readonly #listen: string;

  constructor(
    children: Children,
    { program, signal, hostname = "127.0.0.1" }: CommandsOptions,
  ) {
    this.#listen = `${hostname}:0`;
    this.#children = children;
    this.#rollcall = rollcallCommand(program);
    this.#signal = signal;
  }

  /** Starts the embedded coordinator; the address is `HOST:PORT`. */
  coordinator(dataFolder: string): Promise<Started> {
    const args = ["coordinator", "--listen", this.#listen, "--data", dataFolder, "--json"];
    return this.#start({ name: "coordinator", args }, "listening");
  }

  /** Starts the tracker; the address is its announce URL. */
  tracker(): Promise<Started> {
    return this.#start(
      { name: "tracker", args: ["tracker", "--listen", this.#listen, "--json"] },
      "announceUrl",
    );
  }

  /** Starts the build machine with an empty feed; the address is the feed's URL. */
  buildMachine(feedFolder: string, announceUrl: string): Promise<Started> {
    return this.#start(
      { name: BUILD_MACHINE.name, args: this.#publishArgs([], { feedFolder, announceUrl }) },
      "feedUrl",
    );
  }

  /** Adds a release to the feed of the build machine that runs. */
  async publish(
    release: { readonly service: string; readonly version: string; readonly folder: string },
    feed: FeedPlace,
  ): Promise<void> {
    const { service, version, folder } = release;
    const child = this.#run({
      name: `publish-${service}-${version}`,
      args: this.#publishArgs([service, version, folder], feed),
      endsByItself: true,
    });
    await child.finished;
  }

  /** Starts an agent; the address is its endpoint. */
  agent(host: string, configPath: string): Promise<Started> {
    return this.#start(
      { name: `agent-${host}`, args: ["agent", "--config", configPath, "--json"] },
      "endpoint",
    );
  }

  /** Follows the fleet, a line for each change. */
  status(zookeeper: string, onLine: (line: string) => void): Child {
    return this.#run({
      name: "status",
      args: ["status", "--zookeeper", zookeeper, "--json", "--watch"],
      onLine,
    });
  }

  /** Runs a rollout to its end; {@link Child.finished} says how it went. */
  rollout(planPath: string, { name, zookeeper }: { name: string; zookeeper: string }): Child {
    return this.#run({
      name,
      args: ["rollout", planPath, "--zookeeper", zookeeper, "--json"],
      endsByItself: true,
    });
  }

  #publishArgs(release: readonly string[], { feedFolder, announceUrl }: FeedPlace): string[] {
    const { name, site, rack } = BUILD_MACHINE;
    const feed = ["--feed", feedFolder, "--listen", this.#listen, "--announce", announceUrl];
    const place = ["--host", name, "--site", site, "--rack", rack];
    return ["publish", ...release, ...feed, ...place, "--json"];
  }

  #run({ args, ...options }: RollcallOptions): Child {
    return this.#children.start({ ...options, command: [...this.#rollcall, ...args] });
  }

  /** Looks into a host's agent, and counts its actors. */
  async countActors(host: string, zookeeper: string): Promise<number> {
    let line = "";
    const child = this.#run({
      name: `actors-${host}`,
      args: ["actors", host, "--zookeeper", zookeeper, "--once", "--json"],
      onLine: (text) => line = text,
      endsByItself: true,
    });
    await child.finished;
    const { data } = z.looseObject({ actors: treesSchema }).safeParse(readJson(line));
    if (data !== undefined) return countTrees(data.actors);
    throw new DemoError(`rollcall actors ${host}: expected {"actors":[…]}, was "${line}"`);
  }

  async #start({ args, ...options }: RollcallOptions, key: string): Promise<Started> {
    const command: ChildOptions["command"] = [...this.#rollcall, ...args];
    const { child, ready } = await this.#children.startReady({ ...options, command }, {
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

/** How to start a command of rollcall. */
interface RollcallOptions extends Omit<ChildOptions, "command"> {
  readonly args: readonly string[];
}

/** An actor, and those that it supervises. */
interface Tree {
  readonly children: readonly Tree[];
}

const treesSchema: z.ZodType<readonly Tree[]> = z.lazy(() =>
  z.array(z.looseObject({ children: treesSchema }))
);

function countTrees(trees: readonly Tree[]): number {
  return trees.reduce((count, { children }) => count + 1 + countTrees(children), 0);
}

/** Where releases are published. */
export interface FeedPlace {
  readonly feedFolder: string;
  readonly announceUrl: string;
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
