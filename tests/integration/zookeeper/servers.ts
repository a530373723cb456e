// The servers that the conformance suite runs against, and what each of its cases is handed.
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { type SessionState, ZooKeeper, type ZooKeeperOptions } from "../../../zookeeper/mod.ts";
import { startRealEnsemble, startRealZooKeeper } from "../../real_zookeeper.ts";
import { FaultyProxy } from "../../../zookeeper/testing/mod.ts";

/** A server that is running. */
export interface TestServer {
  connectString: string;
  port: number;
  stop(): Promise<void>;
}

/** A kind of server; all have ticks of half a second. */
export interface ServerKind {
  name: string;
  /** True if it takes long to start, so that all cases share one. */
  shared: boolean;
  start(): Promise<TestServer>;
}

/** Looks for nodes that have outlived themselves every half second in place of every minute. */
const quickContainers = { properties: { "znode.container.checkIntervalMs": "500" } };

export const serverKinds: readonly ServerKind[] = [
  {
    name: "embedded coordinator",
    shared: false,
    async start() {
      const coordinator = await Coordinator.listen({ tickTimeMs: 500, containerCheckMs: 500 });
      return {
        connectString: coordinator.connectString,
        port: coordinator.port,
        stop: () => coordinator.close(),
      };
    },
  },
  {
    name: "embedded coordinator with data folder",
    shared: false,
    async start() {
      const dataDir = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
      const coordinator = await Coordinator.listen({
        tickTimeMs: 500,
        containerCheckMs: 500,
        dataDir,
      });
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
  { name: "real ZooKeeper", shared: true, start: () => startRealZooKeeper(quickContainers) },
  {
    name: "real ensemble of three",
    shared: true,
    async start() {
      const ensemble = await startRealEnsemble(quickContainers);
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
  readonly root: string;
  readonly #open: { close(): Promise<void> }[] = [];

  constructor(server: TestServer, root: string) {
    this.server = server;
    this.root = root;
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
