/**
 * A tree with one service to try the transactions on: an embedded coordinator in the test's own process, in memory.
 *
 * @module
 */

import {
  createRolloutId,
  ensureSkeleton,
  joinRoster,
  joinStaging,
  readService,
  registerHost,
  startRollout,
  takeSlot,
} from "../../../coordination/mod.ts";
import {
  DEFAULT_POLICY,
  type Policy,
  SCHEMA_VERSION,
  type ServiceReading,
  type Slot,
} from "../../../rollout/mod.ts";
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";

/** The service of these tests. */
export const SERVICE = "web";

/** A tree to try things on. */
export class TestTree {
  readonly #coordinator: Coordinator;
  readonly #clients: ZooKeeper[] = [];

  private constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator;
  }

  /** Runs a test with a tree that has the skeleton. */
  static async run(test: (tree: TestTree, zk: ZooKeeper) => Promise<void>): Promise<void> {
    const tree = new TestTree(await Coordinator.listen({ tickTimeMs: 100 }));
    try {
      const zk = tree.client();
      await ensureSkeleton(zk, 0);
      await test(tree, zk);
    } finally {
      for (const client of tree.#clients) await client.close();
      await tree.#coordinator.close();
    }
  }

  /** A client with a session of its own. */
  client(): ZooKeeper {
    const client = new ZooKeeper(this.#coordinator.connectString);
    this.#clients.push(client);
    return client;
  }

  /** Puts hosts on the roster, serving version 1, each through its own session. */
  async addHosts(...hosts: string[]): Promise<Map<string, ZooKeeper>> {
    const clients = new Map<string, ZooKeeper>();
    for (const host of hosts) {
      const zk = this.client();
      const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
      const epoch = await joinRoster(zk, SERVICE, { host, roster });
      await registerHost(zk, SERVICE, { entry: current(host), epoch });
      clients.set(host, zk);
    }
    return clients;
  }
}

/** Starts a rollout of that version to all hosts. */
export async function roll(
  zk: ZooKeeper,
  version: string,
  policy: Partial<Policy> = {},
  { nowMs = Date.now(), infoHash = null }: {
    readonly nowMs?: number;
    readonly infoHash?: string | null;
  } = {},
): Promise<string> {
  const id = createRolloutId(nowMs, Math.random);
  const release = { service: SERVICE, version, infoHash, sizeBytes: 0, torrentUrl: null };
  await startRollout(zk, {
    id,
    by: "test",
    nowMs: 0,
    services: new Map([[SERVICE, {
      version,
      dependsOn: [],
      policy: { ...DEFAULT_POLICY, quorum: 1, ...policy },
    }]]),
    releases: new Map([[SERVICE, release]]),
    waves: [{ service: SERVICE, version, hosts: null }],
  });
  return id;
}

/** Stages the host and takes a slot for the first wave, as an admitted agent does. */
export async function admit(zk: ZooKeeper, host: string, version: string): Promise<Slot> {
  await joinStaging(zk, SERVICE, { host, version });
  const { view } = await readService(zk, SERVICE);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host,
    from: "1",
    to: version,
    step: "draining",
    sinceMs: 7,
    wave: view.wave?.node ?? null,
    reason: null,
  };
  const isTaken = await takeSlot(zk, { service: SERVICE, slot, view, wave: view.wave });
  if (!isTaken) throw new Error(`${host} did not get a slot`);
  return slot;
}

/** The service as it stands. */
export async function read(zk: ZooKeeper): Promise<ServiceReading> {
  return await readService(zk, SERVICE);
}
