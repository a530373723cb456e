/**
 * A stranger who can write the tree: whatever bytes stand in whichever znode below `/dc`, an agent survives them, says
 * what is wrong, and goes on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type ActorSnapshot, seededRandom } from "../../../actors/runtime/mod.ts";
import { DEFAULT_POLICY } from "../../../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../../../zookeeper/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOST = "web-1";

/** Random entries beside those that are always tried. `ROLLCALL_FUZZ_INPUTS=2000` makes a long run. */
const RANDOM_ENTRIES = Number(Deno.env.get("ROLLCALL_FUZZ_INPUTS") ?? 40);

/** A failure names it, and how to replay its run. */
const SEED = Number(Deno.env.get("ROLLCALL_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** The kinds of znodes, each with the path that is written to. */
const PATHS: Readonly<Record<string, string>> = {
  root: "/dc",
  control: "/dc/control",
  service: "/dc/services/web",
  "roster of the host": `/dc/services/web/${HOST}`,
  "roster of another": "/dc/services/web/ghost-1",
  "entry of the host": `/dc/current/web/${HOST}`,
  "entry of another": "/dc/current/web/ghost-1",
  offer: "/dc/staging/web",
  "place of the host in the queue": `/dc/staging/web/${HOST}-0000000990`,
  "place of another in the queue": "/dc/staging/web/ghost-1-0000000001",
  wave: "/dc/deploy/web-0000000991",
  "wave of a service that is not there": "/dc/deploy/ghost-0000000992",
  counter: "/dc/slots/web",
  "slot of the host": `/dc/slots/web/${HOST}`,
  "slot of another": "/dc/slots/web/ghost-1",
  history: "/dc/history/forged",
};

/** Names that no entry of ours has; a name holds all but a slash and a NUL. */
const NAMES: readonly string[] = [
  "x".repeat(300),
  "__proto__",
  "constructor",
  "no-number",
  "web-99999999999999999999",
  "a b",
  "\u202eevil",
  "..x",
];

const RELEASE = {
  service: "web",
  version: "v1",
  infoHash: "ab".repeat(20),
  sizeBytes: 1_000,
  torrentUrl: "http://127.0.0.1:1/x.torrent",
};

/** What an entry of each kind looks like when it is right. */
const ENTRIES: Readonly<Record<string, unknown>> = {
  control: { schema: 1, state: "running", by: "mallory", reason: null, sinceMs: 1 },
  service: {
    schema: 1,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed: RELEASE,
    withdrawn: [],
  },
  roster: { schema: 1, site: "site-1", rack: "rack-1" },
  current: {
    schema: 1,
    host: "ghost-1",
    agent: "mallory",
    site: "site-1",
    rack: "rack-1",
    version: "v1",
    state: "serving",
    sinceMs: 1,
    pinnedBytes: 0,
    preparation: { version: "v1", phase: "staged", progress: 1 },
    received: { version: "v1", rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
    waitingFor: null,
    endpoint: "http://127.0.0.1:1",
  },
  offer: { schema: 1, rollout: "r", ...RELEASE },
  staged: { schema: 1, host: HOST, version: "v1" },
  wave: { schema: 1, rollout: "r", service: "web", version: "v1", hosts: null },
  slot: {
    schema: 1,
    host: HOST,
    from: "v1",
    to: "v2",
    step: "stopping",
    sinceMs: 1,
    wave: null,
    reason: null,
  },
};

const TEXTS = [
  "../../../../pwn",
  "x".repeat(300),
  "a\0b",
  "",
  "\x1b[2J\u202e",
  "y".repeat(200_000),
];
const NUMBERS = [-1, 2 ** 53, 1e308, 0.5];

/** Bytes that are no entry of any kind. */
const GARBAGE: readonly string[] = [
  "",
  "\0",
  "null",
  "[]",
  "{}",
  '"text"',
  "1e999",
  '{"schema":1}',
  '{"schema":99}',
  '{"schema":1,"__proto__":{"host":"x"}}',
  '{"schema":1,"host":',
  "[".repeat(100_000) + "]".repeat(100_000),
  `{"schema":1,"by":"${"z".repeat(900_000)}"}`,
];

/** Every entry in which one leaf is another: a bad text, a bad number, or null. */
function* mutationsOf(entry: unknown): Generator<unknown> {
  if (typeof entry === "object" && entry !== null) {
    for (const [key, value] of Object.entries(entry)) {
      for (const changed of mutationsOf(value)) yield { ...entry, [key]: changed };
    }
    return;
  }
  if (typeof entry === "string") yield* TEXTS;
  else if (typeof entry === "number") yield* NUMBERS;
  else yield* ["../../x", "x".repeat(300), 1];
}

interface Attack {
  readonly kind: string;
  readonly data: string;
}

/** The shape of entry that belongs to a path. */
function shapeOf(kind: string): string {
  if (kind.includes("roster")) return "roster";
  if (kind.includes("entry")) return "current";
  if (kind.includes("queue")) return "staged";
  if (kind.includes("wave")) return "wave";
  if (kind.includes("slot")) return "slot";
  return kind;
}

/** What was found once, and must never be found again. */
function knownAttacks(service: unknown): Attack[] {
  const release = (version: string) => JSON.stringify({ ...RELEASE, version });
  const committed = (version: string) =>
    JSON.stringify({ ...service as object, committed: { ...RELEASE, version } });
  const wave = (version: string) => JSON.stringify({ ...ENTRIES["wave"] as object, version });
  return ["x".repeat(300), "a\0b", "../../../../pwn", "../../x"].flatMap((version) => [
    { kind: "service", data: committed(version) },
    {
      kind: "entry of another",
      data: JSON.stringify({ ...ENTRIES["current"] as object, version }),
    },
    { kind: "offer", data: release(version) },
    { kind: "wave", data: wave(version) },
  ]);
}

/** Some of all: every kind with every garbage, and entries with one leaf changed, drawn from the seed. */
function drawAttacks(count: number): Attack[] {
  const random = seededRandom(SEED);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random.next() * items.length)];
    assert.ok(item !== undefined);
    return item;
  };
  const kinds = Object.keys(PATHS);
  return Array.from({ length: count }, () => {
    const kind = pick(kinds);
    const entry = ENTRIES[shapeOf(kind)];
    if (entry === undefined || random.next() < 0.2) return { kind, data: pick(GARBAGE) };
    return { kind, data: JSON.stringify(pick([...mutationsOf(entry)])) };
  });
}

/** Sets a znode, and puts back what was there. */
async function withData(zk: ZooKeeper, path: string, data: string, use: () => Promise<void>) {
  const bytes = new TextEncoder().encode(data);
  let before: Uint8Array | null = null;
  try {
    before = (await zk.get(path)).data;
    await zk.set(path, bytes);
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
    await zk.create(path, bytes);
  }
  try {
    await use();
  } finally {
    // The agent may have removed it, or written over it, as it does with its own.
    await (before === null ? zk.delete(path) : zk.set(path, before)).catch((error) => {
      if (!hasCode(error, "NO_NODE")) throw error;
    });
  }
}

/** The agent's actors, from its own endpoint. */
class Watched {
  readonly #fleet: TestFleet;
  readonly #url: string;

  constructor(fleet: TestFleet, url: string) {
    this.#fleet = fleet;
    this.#url = url;
  }

  /** Waits until the coordinator has read the tree after this, and says that no actor was restarted. */
  async afterReading(): Promise<void> {
    const zk = this.#fleet.zookeeper;
    const before = await this.#actors();
    const handled = before.find(({ path }) => path.endsWith("/upgrade_coordinator"))?.handled ?? 0;
    // Whoever creates or deletes a node of the deploy queue wakes all.
    const wake = "/dc/deploy/zz-0000000000";
    await zk.create(wake, new Uint8Array());
    await zk.delete(wake);
    for (let look = 0; look < 400; look++) {
      const actors = await this.#actors();
      for (const { path, restarts, status } of actors) {
        assert.equal(restarts, 0, `${path} was restarted`);
        assert.equal(status, "running", path);
      }
      const coordinator = actors.find(({ path }) => path.endsWith("/upgrade_coordinator"));
      // The watch, the reading, and whatever else has come.
      if ((coordinator?.handled ?? 0) >= handled + 2) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.fail("the coordinator does not read the tree any more");
  }

  async #actors(): Promise<ActorSnapshot[]> {
    assert.equal(this.#fleet.agent(HOST).unexpectedEnd, null, "the agent has ended");
    const response = await fetch(`${this.#url}/status`);
    const { actors } = await response.json() as { actors: ActorSnapshot[] };
    const all: ActorSnapshot[] = [];
    const add = (actor: ActorSnapshot): void => {
      all.push(actor);
      actor.children.forEach(add);
    };
    actors.forEach(add);
    return all;
  }
}

Deno.test("agent: whatever stands in the tree, it goes on and serves", async () => {
  await TestFleet.run({ hosts: [HOST] }, async (fleet) => {
    await fleet.install("v1");
    const { endpoint } = await fleet.host(HOST);
    assert.ok(endpoint);
    const watched = new Watched(fleet, endpoint);
    const zk = fleet.zookeeper;
    const garbage = ["control", "service", "offer", "wave", "slot of the host"].flatMap((kind) =>
      GARBAGE.map((data) => ({ kind, data }))
    );
    const service = JSON.parse(new TextDecoder().decode((await zk.get("/dc/services/web")).data));
    for (
      const { kind, data } of [...knownAttacks(service), ...garbage, ...drawAttacks(RANDOM_ENTRIES)]
    ) {
      await withData(zk, PATHS[kind] ?? "", data, () =>
        watched.afterReading().catch((cause) => {
          throw new Error(
            `${kind}: ${data.slice(0, 500)}\nreplay: ROLLCALL_SEED=${SEED} ` +
              `ROLLCALL_FUZZ_INPUTS=${RANDOM_ENTRIES} deno test -A ` +
              "tests/integration/agent/hostile_entries_test.ts",
            { cause },
          );
        }));
    }
    for (const name of NAMES) {
      for (const parent of ["services", "current", "staging", "slots"]) {
        await withData(zk, `/dc/${parent}/web/${name}`, "{}", () => watched.afterReading());
      }
      await withData(zk, `/dc/deploy/${name}`, "{}", () => watched.afterReading());
    }
    // It serves, nothing was written elsewhere, and a good rollout goes through.
    assert.equal((await fleet.service(HOST))?.version, "v1");
    const strays = [...Deno.readDirSync(fleet.folder)].map(({ name }) => name)
      .filter((name) => name.includes("pwn"));
    assert.deepEqual(strays, []);
    const { log } = fleet.agent(HOST);
    assert.doesNotMatch(log, /actor failed/);
    const problems = log.split("\n").filter((line) => /in the tree: |makes no sense/.test(line));
    assert.ok(problems.length >= 1, "a problem is told");
    assert.ok(problems.length <= 250, "however many there are");
    await fleet.install("v2");
  });
});
