// The servers that the conformance suite runs against, and what each of its cases is handed.
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { type SessionState, ZooKeeper, type ZooKeeperOptions } from "../../../zookeeper/mod.ts";
import { startRealEnsemble, startRealZooKeeper } from "../../real_zookeeper.ts";
import { findZooKeeper39 } from "../../zookeeper_3_9.ts";
import { FaultyProxy } from "../../../zookeeper/testing/mod.ts";
import { RawClient } from "./raw_client.ts";

/** A server that is running. */
export interface TestServer {
  connectString: string;
  port: number;
  stop(): Promise<void>;
}

/** What a server is: where the real ones differ from each other, the embedded one does as 3.9 does. */
export type ServerVersion = "embedded" | "3.8" | "3.9";

/** A kind of server; all have ticks of half a second. */
export interface ServerKind {
  name: string;
  version: ServerVersion;
  /** Why its cases are not run. Default: they are. */
  missing?: string;
  /** True if it takes long to start, so that all cases share one. */
  shared: boolean;
  start(): Promise<TestServer>;
}

/** Looks for nodes that have outlived themselves every half second in place of every minute, and refuses what exceeds a hard quota. */
const coordinatorOptions = { tickTimeMs: 500, containerCheckMs: 500, enforceQuota: true };
const realOptions = {
  properties: { "znode.container.checkIntervalMs": "500", "zookeeper.enforceQuota": "true" },
};

const jars39 = await findZooKeeper39();

export const serverKinds: readonly ServerKind[] = [
  {
    name: "embedded coordinator",
    version: "embedded",
    shared: false,
    async start() {
      const coordinator = await Coordinator.listen(coordinatorOptions);
      return {
        connectString: coordinator.connectString,
        port: coordinator.port,
        stop: () => coordinator.close(),
      };
    },
  },
  {
    name: "embedded coordinator with data folder",
    version: "embedded",
    shared: false,
    async start() {
      const dataDir = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
      const coordinator = await Coordinator.listen({ ...coordinatorOptions, dataDir });
      return {
        connectString: coordinator.connectString,
        port: coordinator.port,
        async stop() {
          await coordinator.close();
          await Deno.remove(dataDir, { recursive: true });
        },
      };
    },
  },
  {
    name: "real ZooKeeper",
    version: "3.8",
    shared: true,
    start: () => startRealZooKeeper(realOptions),
  },
  {
    name: "real ZooKeeper 3.9",
    version: "3.9",
    shared: true,
    ...jars39 === null ? { missing: "not fetched: deno task setup:zookeeper_3_9" } : {},
    start: () => startRealZooKeeper({ ...realOptions, jars: jars39 ?? [] }),
  },
  {
    name: "real ensemble of three",
    version: "3.8",
    shared: true,
    async start() {
      const ensemble = await startRealEnsemble(realOptions);
      // A case that needs one server gets a follower: the way to the leader and back is the longer one.
      const leader = await ensemble.leader();
      const follower = ensemble.servers.find((server) => server !== leader) ?? leader;
      return {
        connectString: ensemble.connectString,
        port: follower.port,
        stop: () => ensemble.stop(),
      };
    },
  },
];

/** Shared by the cases of one server, each of which works below a node of its own. */
export class CaseContext {
  readonly server: TestServer;
  readonly version: ServerVersion;
  readonly root: string;
  readonly #open: { close(): void | Promise<void> }[] = [];

  constructor(server: TestServer, version: ServerVersion, root: string) {
    this.server = server;
    this.version = version;
    this.root = root;
  }

  /** A connection without our client; this case's node is not its root. */
  async raw(): Promise<RawClient> {
    const client = await RawClient.connect(this.server.port);
    this.#open.push(client);
    return client;
  }

  /** A connected client that sees this case's node as its root. */
  async client(
    options: ZooKeeperOptions & { via?: FaultyProxy | FaultyProxy[] } = {},
  ): Promise<ZooKeeper> {
    const zk = this.unconnected(options);
    await zk.connected();
    return zk;
  }

  unconnected(options: ZooKeeperOptions & { via?: FaultyProxy | FaultyProxy[] } = {}): ZooKeeper {
    const { via, ...clientOptions } = options;
    // One case's clients share a server, as most cases expect to see each other's writes at once.
    const direct = { connectString: `127.0.0.1:${this.server.port}` };
    const servers = via === undefined ? [direct] : Array.isArray(via) ? via : [via];
    const connectString = servers.map((server) => server.connectString).join(",");
    const zk = new ZooKeeper(connectString + this.root, clientOptions);
    this.#open.push(zk);
    return zk;
  }

  proxy(): FaultyProxy {
    const proxy = new FaultyProxy(this.server.port);
    this.#open.push(proxy);
    return proxy;
  }

  async close(): Promise<void> {
    for (const each of this.#open.reverse()) await each.close();
  }
}

/** How long a test waits for what must happen. Generous: it is reached only when the test fails. */
const patienceMs = 30_000;

/** Waits until `condition` holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>) {
  const deadlineMs = performance.now() + patienceMs;
  while (!await condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Does something that must bring the client into a state, and waits for that; even if it lasts an instant. */
export async function causes(
  state: SessionState,
  zk: ZooKeeper,
  action: () => void,
): Promise<void> {
  let seen = false;
  const stop = zk.onState((next) => seen ||= next === state);
  action();
  await until(`the client is ${state}`, () => seen);
  stop();
}
