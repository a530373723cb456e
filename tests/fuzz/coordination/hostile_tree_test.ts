/**
 * Any bytes in any znode lead whatever reads the tree, and every rule that decides on it, to a value or to a problem that is
 * told: never to another exception, never to a hang, and never to a name or version that is none.
 *
 * ROLLCALL_SEED and ROLLCALL_FUZZ_INPUTS say which trees and how many; one tree is one seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isName, isVersion } from "../../../base/names.ts";
import {
  abortRollout,
  activeRollout,
  CensusReader,
  findOtherContent,
  finishWave,
  forgetHost,
  giveSlotBack,
  HostForgetError,
  HostNameTaken,
  joinRoster,
  joinStaging,
  newestRollout,
  passFence,
  pauseRollout,
  readAwayHosts,
  readFleet,
  readKnownServices,
  readService,
  readSlot,
  refuseNamesake,
  registerHost,
  reportFailure,
  reportSwitch,
  resumeRollout,
  startRollout,
  takeSlot,
  writeHost,
} from "../../../coordination/mod.ts";
import {
  checkPlan,
  currentPath,
  decideAdmission,
  decideFailure,
  decideFinish,
  decideGoal,
  DEFAULT_POLICY,
  DEPLOY,
  EntryError,
  fromFullReading,
  isUnreadable,
  markersOf,
  RolloutError,
  SCHEMA_VERSION,
  type ServiceReading,
  slotsPath,
} from "../../../rollout/mod.ts";
import { type ZooKeeper, ZooKeeperError } from "../../../zookeeper/mod.ts";
import { bytesOf } from "../../../zookeeper/server/tree/tree_node.ts";
import { current, slot } from "../../unit/rollout/views.ts";
import { Dice, inputCount, seedOfRun } from "../zookeeper/random.ts";
import { HOSTS, makeHostileTree, SERVICES_OF_FLEET } from "./hostile_tree.ts";
import type { LocalZooKeeper } from "./local_zookeeper.ts";

const seed = seedOfRun();
const count = inputCount(1_500);

/** What may be told. Of the client's own errors only those that say how the tree stands. */
function isTold(error: unknown): boolean {
  return error instanceof EntryError || error instanceof RolloutError ||
    error instanceof HostForgetError || error instanceof HostNameTaken ||
    error instanceof ZooKeeperError &&
      ["NO_NODE", "NODE_EXISTS", "BAD_VERSION", "NOT_EMPTY", "NO_CHILDREN_FOR_EPHEMERALS"]
        .includes(error.code);
}

/** How often each function answered and how often it told a problem: only one of them would show nothing. */
const outcomes = new Map<string, { answered: number; told: number }>();

async function tell<T>(name: string, work: () => Promise<T>): Promise<T | null> {
  const outcome = outcomes.get(name) ?? { answered: 0, told: 0 };
  outcomes.set(name, outcome);
  try {
    const value = await work();
    outcome.answered++;
    return value;
  } catch (error) {
    if (!isTold(error)) throw new Error(name, { cause: error });
    assert.ok((error as Error).message.length < 3_000, `${name}: ${(error as Error).message}`);
    outcome.told++;
    return null;
  }
}

/** What a host makes of a reading. */
function decideAll(reading: ServiceReading, service: string, { tree }: LocalZooKeeper): void {
  const { view } = reading;
  /** An entry speaks for a host only if it is the host's own node that says so. */
  const assertOwn = (host: string, path: string, entry: unknown) => {
    assert.ok(isName(host), host);
    const text = new TextDecoder().decode(bytesOf(tree.node(path)));
    assert.deepEqual(JSON.parse(text), entry, path);
  };
  for (const [host, entry] of view.current) assertOwn(host, currentPath(service, host), entry);
  for (const [host, entry] of view.slots) {
    if (!isUnreadable(entry)) assertOwn(host, slotsPath(service, host), entry);
    else assert.ok(tree.find(slotsPath(service, host)) !== undefined, host);
  }
  for (const host of view.roster) assert.ok(isName(host), host);
  for (const problem of reading.problems) assert.ok(problem.length < 3_000, problem);
  assert.ok(reading.problems.length <= 101);
  for (const host of [...HOSTS, "zz"]) {
    const { census } = fromFullReading(reading, host);
    decideFinish(census);
    for (const version of ["1", "2"]) {
      decideFailure(census, { host, service, version, wave: null });
      for (const catchUp of [false, true]) {
        const request = { host, service, version, catchUp, behind: null, wallTimeMs: 0 };
        decideAdmission(census, request);
      }
    }
    if (reading.service === null) continue;
    for (const version of [null, "1", "2"]) {
      const running = version === null ? null : { version, infoHash: null };
      const input = {
        ...reading,
        host,
        census,
        service: reading.service.entry,
        running,
        hasRejoined: true,
        isServing: running !== null,
        unstarted: null,
      };
      const { goal } = decideGoal(input);
      if ("version" in goal) assert.ok(isVersion(goal.version), `${goal.kind} ${goal.version}`);
    }
  }
}

async function readAll(zk: LocalZooKeeper): Promise<void> {
  const { client } = zk;
  for (const service of SERVICES_OF_FLEET) {
    const reading = await tell("readService", () => readService(client, service));
    if (reading !== null) decideAll(reading, service, zk);
    const of = { service, host: "web-1", places: ["web-1-0000000000", "zz-0000000001"] };
    const counted = await tell(
      "readCensus",
      () => new CensusReader().read(client, of, { isFresh: true }),
    );
    if (counted !== null) decideFinish(counted.census);
    await tell(
      "readAwayHosts",
      () => readAwayHosts(client, service, { known: ["web-1"], area: null }),
    );
    await tell("readSlot", () => readSlot(client, service, "web-1"));
    await tell("refuseNamesake", () => refuseNamesake(client, service, current("web-1")));
  }
  // These show the rest of a tree, so they never fail on what is in it.
  const fleet = await readFleet(client);
  JSON.stringify(fleet);
  for (const problem of fleet.problems) assert.ok(problem.length < 3_000, problem);
  assert.ok(Object.keys(fleet.services).every(isName));
  const known = await tell("readKnownServices", () => readKnownServices(client));
  if (known !== null) {
    for (const name of ["web", "zz"]) {
      checkPlan({ services: { [name]: { version: "3" } } }, known.services);
    }
  }
  const release = { service: "web", version: "2", infoHash: null, sizeBytes: 0, torrentUrl: null };
  await tell("findOtherContent", () => findOtherContent(client, [release]));
  await tell("activeRollout", () => activeRollout(client));
  const newest = await newestRollout(client);
  assert.ok(newest === null || isName(newest));
}

async function emptyQueue(client: ZooKeeper): Promise<void> {
  for (const name of await client.childNames(DEPLOY)) {
    await client.delete(`${DEPLOY}/${name}`).catch(() => {});
  }
}

/** One change, as an agent or an operator would make it now. */
async function changeOne({ client }: LocalZooKeeper, dice: Dice): Promise<void> {
  const service = dice.pick(SERVICES_OF_FLEET);
  const host = dice.pick([...HOSTS, "zz"]);
  const own = slot(host, { step: "baking" });
  const read = async () => fromFullReading(await readService(client, service), host);
  const entry = current(host);
  const standing = new Set<string>();
  const wanted = markersOf(entry, { service, roster: null, waves: [], staged: null });
  const write = { entry, epoch: 0, markers: { standing, wanted } };
  const changes: Record<string, () => Promise<unknown>> = {
    joinStaging: () =>
      joinStaging(client, service, {
        ...write,
        release: { version: "2" },
        mayStand: dice.pick([true, false]),
      }),
    registerHost: async () => {
      const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
      const enrolled = await joinRoster(client, service, { host, roster });
      await registerHost(client, service, { entry, ...enrolled, waves: [], staged: null });
    },
    giveSlotBack: async () => {
      const reading = await read();
      const held = reading.census.slots.get(host)?.slot ?? own;
      return await giveSlotBack(client, service, { slot: held, reading });
    },
    passFence: async () => await passFence(client, { service, slot: own, reading: await read() }),
    writeHost: () => writeHost(client, service, { ...write, slot: own }),
    reportSwitch: () =>
      reportSwitch(client, service, {
        ...write,
        slot: own,
        holdsSlot: true,
        places: dice.pick([null, []]),
      }),
    reportFailure: () => reportFailure(client, service, { ...write, slot: own, nowMs: 9 }),
    takeSlot: async () => {
      const { census } = await read();
      const request = { service, slot: own, census, wave: census.wave, place: null };
      return await takeSlot(client, request);
    },
    finishWave: async () => await finishWave(client, await read(), { service, nowMs: 9 }),
    forgetHost: () => forgetHost(client, host),
    pauseRollout: () => pauseRollout(client, { by: "ann", reason: null, sinceMs: 9 }),
    resumeRollout: () => resumeRollout(client, { by: "ann", reason: null, sinceMs: 9 }),
    abortRollout: () => abortRollout(client, { by: "ann", nowMs: 9 }),
    startRollout: async () => {
      // None can be started while waves are queued, and most trees have some.
      if (dice.pick([true, false])) await emptyQueue(client);
      return await startRollout(client, {
        id: "20240502-120000.000-abcd",
        by: "ann",
        nowMs: 9,
        services: new Map([[service, { version: "3", dependsOn: [], policy: DEFAULT_POLICY }]]),
        releases: new Map([[service, {
          service,
          version: "3",
          infoHash: null,
          sizeBytes: 0,
          torrentUrl: null,
        }]]),
        waves: [{ service, version: "3", hosts: null }],
      });
    },
  };
  const name = dice.pick(Object.keys(changes));
  await tell(name, changes[name] ?? (() => Promise.resolve()));
}

Deno.test(`hostile tree: ${count} trees with any bytes in any node are read, or told`, async () => {
  for (let index = 0; index < count; index++) {
    const ownSeed = (seed + index) >>> 0;
    const dice = new Dice(ownSeed);
    const zk = await makeHostileTree(dice);
    try {
      await readAll(zk);
      await changeOne(zk, dice);
      // Whatever the change has left behind is read as well.
      await readAll(zk);
    } catch (cause) {
      throw new Error(
        `tree of seed ${ownSeed}; again with: ROLLCALL_SEED=${ownSeed} ROLLCALL_FUZZ_INPUTS=1 ` +
          "deno test -A tests/fuzz/coordination/hostile_tree_test.ts",
        { cause },
      );
    }
  }
  if (count < 1_000) return;
  const readers = ["readService", "readSlot", "refuseNamesake", "takeSlot", "startRollout"];
  for (const name of readers) {
    const { answered = 0, told = 0 } = outcomes.get(name) ?? {};
    assert.ok(answered > 0 && told > 0, `${name}: ${answered} answered, ${told} told`);
  }
});
