/**
 * A tree with one service to try the transactions on: an embedded coordinator in the test's own process, in memory.
 *
 * @module
 */

import {
  apply,
  createRolloutId,
  type Enrolled,
  ensureService,
  ensureSkeleton,
  joinRoster,
  joinStaging,
  readControl,
  readService,
  registerHost,
  reportFailure,
  reportSwitch,
  startRollout,
  takeSlot,
  writeHost,
} from "../../../coordination/mod.ts";
import {
  areaMarkers,
  type CensusReading,
  type Current,
  DEFAULT_POLICY,
  donePath,
  encodeEntry,
  fromFullReading,
  haltControl,
  markersOf,
  type Policy,
  readyPath,
  type ReleaseIdentity,
  SCHEMA_VERSION,
  servicePath,
  type ServiceReading,
  servingPath,
  type Slot,
  transactions,
} from "../../../rollout/mod.ts";
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { ZooKeeper, ZooKeeperError } from "../../../zookeeper/mod.ts";
import { current } from "../rollout/views.ts";

/** The service of these tests. */
export const SERVICE = "web";

/** What stands on the roster of each host. */
const ROSTER = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;

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
      await ensureService(zk, SERVICE, ROSTER);
      if (await zk.exists(servicePath(SERVICE, host)) === null) {
        // As one that has served before.
        await zk.create(servicePath(SERVICE, host), encodeEntry(ROSTER));
        await register(zk, current(host));
      } else {
        const again = await joinRoster(zk, SERVICE, { host, roster: ROSTER });
        await register(zk, current(host), again);
      }
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
  { nowMs = Date.now(), infoHash = null, maxFailures }: {
    readonly nowMs?: number;
    /** How many hosts may fail on all services together. Default: the plan does not say. */
    readonly maxFailures?: number;
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
    maxFailures,
  });
  return id;
}

/** An operator pauses, or resumes. */
export const WORD = { by: "test", reason: null, sinceMs: 0 } as const;

/** A failure halts the rollout. */
export async function halt(zk: ZooKeeper, reason: string | null = null): Promise<void> {
  const { entry, znodeVersion } = await readControl(zk);
  const halted = haltControl(entry, { ...WORD, by: "web-9", reason });
  await apply(zk, [transactions.setControl({ entry, znodeVersion }, halted)]);
}

/** A client whose next transaction happens, and whose reply is lost. */
export function losesNextReply(zk: ZooKeeper): ZooKeeper {
  return withNextChange(zk, async (change) => {
    await change();
    throw new ZooKeeperError({ code: "CONNECTION_LOSS", operation: "multi" });
  });
}

/** A client before whose next transaction somebody else does something. */
export function afterNextChange(zk: ZooKeeper, meanwhile: () => Promise<unknown>): ZooKeeper {
  return withNextChange(zk, async (change) => {
    await meanwhile();
    return await change();
  });
}

function withNextChange(
  zk: ZooKeeper,
  around: (change: () => ReturnType<ZooKeeper["multi"]>) => ReturnType<ZooKeeper["multi"]>,
): ZooKeeper {
  let isDone = false;
  const multi: ZooKeeper["multi"] = (...given) => {
    if (isDone) return zk.multi(...given);
    isDone = true;
    return around(() => zk.multi(...given));
  };
  return withMethods(zk, { multi });
}

/** Has something happen just before a client reads that node by itself, or as the first of a few; once. */
export function beforeReadingOf(
  path: string,
  zk: ZooKeeper,
  meanwhile: () => Promise<void>,
): ZooKeeper {
  let isDone = false;
  const multiRead: ZooKeeper["multiRead"] = async (operations, ...options) => {
    if (!isDone && operations[0]?.path === path && operations.length <= 4) {
      isDone = true;
      await meanwhile();
    }
    return await zk.multiRead(operations, ...options);
  };
  return withMethods(zk, { multiRead });
}

/** The client with these methods in place of its own. */
function withMethods(zk: ZooKeeper, methods: Partial<ZooKeeper>): ZooKeeper {
  return new Proxy(zk, {
    get(target, key) {
      const replaced = Reflect.get(methods, key);
      if (replaced !== undefined) return replaced;
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Stages the host and takes a slot for the first wave, as an admitted agent does. */
export async function admit(zk: ZooKeeper, host: string, version: string): Promise<Slot> {
  await join(zk, host, version);
  const { census } = await read(zk, host);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host,
    from: "1",
    to: version,
    step: "draining",
    sinceMs: 7,
    wave: census.wave?.node ?? null,
    reason: null,
  };
  const isTaken = await takeSlot(zk, {
    service: SERVICE,
    slot,
    census,
    wave: census.wave,
    place: null,
  });
  if (!isTaken) throw new Error(`${host} did not get a slot`);
  return slot;
}

/** Joins the staging queue, as an agent does that has the version. */
export async function join(
  zk: ZooKeeper,
  host: string,
  version: string,
  infoHash?: string,
): Promise<string> {
  const release = { version, infoHash };
  const write = await writeOf(zk, current(host), { staged: release });
  return await joinStaging(zk, SERVICE, { ...write, release, mayStand: true });
}

/** What a host writes to say that: with the markers that stand, and those that it should have. */
export async function writeOf(
  zk: ZooKeeper,
  entry: Current,
  { epoch = 0, staged = null }: { epoch?: number; staged?: ReleaseIdentity | null } = {},
): Promise<transactions.HostWrite> {
  const { host } = entry;
  const { waves } = await readService(zk, SERVICE);
  const counted = waves.flatMap((wave) =>
    wave.tally === undefined ? [] : [{ ...wave, tally: wave.tally }]
  );
  const wanted = markersOf(entry, {
    service: SERVICE,
    roster: null,
    waves: counted,
    staged,
  });
  const paths = [
    servingPath(SERVICE, host),
    ...areaMarkers(SERVICE, host, entry),
    ...counted.flatMap(({ tally }) => [
      readyPath(SERVICE, tally, host),
      donePath(SERVICE, tally, host),
    ]),
  ];
  const stats = await Promise.all(paths.map((path) => zk.exists(path)));
  const standing = new Set(paths.filter((_, index) => stats[index] !== null));
  return { entry, epoch, markers: { standing, wanted } };
}

/** Has a host say that, in its entry and by its markers, and show its slot. */
export async function say(
  zk: ZooKeeper,
  entry: Current,
  { epoch = 0, slot = null }: { epoch?: number; slot?: Slot | null } = {},
): Promise<void> {
  await writeHost(zk, SERVICE, { ...await writeOf(zk, entry, { epoch }), slot });
}

/** Registers a host that has staged nothing. */
export async function register(
  zk: ZooKeeper,
  entry: Current,
  enrolled: Enrolled & { readonly isPutBack?: boolean } = { epoch: 0, roster: ROSTER },
): Promise<void> {
  await registerHost(zk, SERVICE, { entry, ...enrolled, waves: [], staged: null });
}

/** Has a host report that its switch has succeeded. */
export async function reportDone(zk: ZooKeeper, entry: Current, slot: Slot): Promise<void> {
  await reportSwitch(zk, SERVICE, {
    ...await writeOf(zk, entry),
    places: null,
    holdsSlot: true,
    slot,
  });
}

/** Has a host report that its switch has failed. @returns Whether it has halted the rollout. */
export async function reportFailed(zk: ZooKeeper, slot: Slot): Promise<boolean> {
  const write = await writeOf(zk, current(slot.host), { staged: { version: slot.to } });
  return await reportFailure(zk, SERVICE, { ...write, slot, nowMs: 9 });
}

/** A reading of all hosts, and what one host decides by it. */
export type FullReading = ServiceReading & Omit<CensusReading, "view">;

/** The service as it stands. */
export async function read(zk: ZooKeeper, host = "web-1"): Promise<FullReading> {
  const reading = await readService(zk, SERVICE);
  return { ...fromFullReading(reading, host), ...reading };
}
