/**
 * Every verb of an operator in every state of the fleet: what can be done says so and ends with 0, what cannot ends with 1 and says
 * why, and then nothing is written. The commands run in this process, each as it is typed.
 */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { main } from "../../../../cli/main.ts";
import { abortRollout, drainHost, pauseRollout, readFleet } from "../../../../coordination/mod.ts";
import {
  encodeEntry,
  quarantinedPath,
  SCHEMA_VERSION,
  slotsPath,
  wavePath,
} from "../../../../rollout/mod.ts";
import { ensurePath, ZooKeeper } from "../../../../zookeeper/mod.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { type Servers, startServers } from "../rollcall_process.ts";
import { enlist } from "../rosters.ts";

/** Runs a command; what it prints is kept, without the colours that the tests' own terminal asks for. */
async function run(args: readonly string[]) {
  const decoder = new TextDecoder();
  const said = { stdout: "", stderr: "" };
  const { writeSync } = Deno.stdout;
  const { write } = Deno.stderr;
  Deno.stdout.writeSync = (bytes) => {
    said.stdout += decoder.decode(bytes);
    return bytes.length;
  };
  Deno.stderr.write = (bytes) => {
    said.stderr += decoder.decode(bytes);
    return Promise.resolve(bytes.length);
  };
  try {
    const status = await main(args);
    return {
      status,
      stdout: stripVTControlCharacters(said.stdout),
      stderr: stripVTControlCharacters(said.stderr),
    };
  } finally {
    Deno.stdout.writeSync = writeSync;
    Deno.stderr.write = write;
  }
}

/** Every node with its version, so that nothing can be written unseen. */
async function contents(zk: ZooKeeper, path = "/dc"): Promise<string[]> {
  const stat = await zk.exists(path);
  if (stat === null) return [];
  const below = await Promise.all(
    (await zk.childNames(path)).map((name) => contents(zk, `${path}/${name}`)),
  );
  return [`${path} ${stat.mzxid}`, ...below.flat()];
}

const word = { by: "ann", reason: "lunch", sinceMs: 1 };

async function change(zk: ZooKeeper, path: string, changes: Record<string, unknown>) {
  const entry = JSON.parse(new TextDecoder().decode((await zk.get(path)).data));
  await zk.set(path, JSON.stringify({ ...entry, ...changes }));
}

/** Brings a fleet of two hosts, both of them offline, into a state. */
const STATES = {
  "nobody has ever been here": async () => {},
  async "no rollout"({ servers, zk }) {
    await enlist(servers, ["web-1", "web-2"]);
    const release = { service: "A", version: "v1", infoHash: null, sizeBytes: 0, torrentUrl: null };
    await change(zk, "/dc/services/A", { committed: release });
  },
  async running(fleet) {
    await STATES["no rollout"](fleet);
    await start(fleet, "waves: [1, { gate: promote }, all]");
  },
  async "at a gate"(fleet) {
    await STATES["no rollout"](fleet);
    await start(fleet, "waves: [{ gate: promote }, all]");
  },
  async paused(fleet) {
    await STATES.running(fleet);
    await pauseRollout(fleet.zk, word);
  },
  async halted(fleet) {
    await STATES.running(fleet);
    const { queue } = await readFleet(fleet.zk);
    const slot = { host: "web-1", from: "v1", to: "v2", step: "failed", sinceMs: 1 } as const;
    const [wave = ""] = await fleet.zk.childNames("/dc/deploy");
    await fleet.zk.create(
      slotsPath("A", "web-1"),
      encodeEntry({ schema: SCHEMA_VERSION, ...slot, wave, reason: "no" }),
    );
    assert.equal(queue.length, 2);
    await change(fleet.zk, "/dc/control", { state: "halted", by: "web-1", reason: "v2 failed" });
  },
  async aborted(fleet) {
    await STATES.running(fleet);
    await abortRollout(fleet.zk, { by: "ann", nowMs: 1 });
  },
  async drained(fleet) {
    await STATES.running(fleet);
    await drainHost(fleet.zk, { host: "web-1", ...word });
  },
  async finished(fleet) {
    await STATES.running(fleet);
    const { rollout } = await readFleet(fleet.zk);
    assert.ok(rollout);
    for (const node of await fleet.zk.childNames("/dc/deploy")) {
      await fleet.zk.delete(wavePath(node));
    }
    const waves = rollout.waves.map((wave) => ({ ...wave, finishedMs: 2 }));
    await change(fleet.zk, `/dc/history/${rollout.id}`, { state: "finished", endedMs: 2, waves });
    const { data } = await fleet.zk.get("/dc/staging/A");
    const { schema: _schema, rollout: _rollout, replaces: _replaces, ...committed } = JSON.parse(
      new TextDecoder().decode(data),
    );
    await change(fleet.zk, "/dc/services/A", { committed });
  },
} satisfies Record<string, (fleet: TestedFleet) => Promise<void>>;

type State = keyof typeof STATES;

/** States that are like another one, but for what is said of them. */
const LIKE: Partial<Record<State, State>> = { drained: "running" };

interface TestedFleet {
  readonly servers: Servers;
  readonly zk: ZooKeeper;
}

const plan = ({ folder }: Servers) => `${folder}/plan.yaml`;

async function start({ servers }: TestedFleet, more: string): Promise<void> {
  const { feedUrl, zookeeper } = servers;
  await Deno.writeTextFile(
    plan(servers),
    `feed: ${feedUrl}\nservices:\n  A:\n    version: v2\n    ${more}\n`,
  );
  const { status, stderr } = await run([
    ...["rollout", plan(servers), "--detach", "--zookeeper", zookeeper],
  ]);
  assert.equal(status, 0, stderr);
}

/** What a verb is to end with: status 0 where that is not said; a text is a part of what it says. */
type Expected = readonly [status: number, says?: RegExp];

/** The verbs: what each is in all states but those that are named. `*`: in all others. */
const VERBS: Record<string, Partial<Record<State | "*", Expected>>> = {
  "rollout pause": {
    "nobody has ever been here": [1, /the tree is empty; start an agent first/],
    paused: [1, /already paused by ann: lunch/],
    halted: [0, /halted -> halted and paused.*\nThe halt by web-1 stands: v2 failed\n/],
    "*": [0, /^Control: running -> paused, by /],
  },
  "rollout resume": {
    "nobody has ever been here": [1, /the tree is empty/],
    paused: [0, /^Control: paused -> running.*\nLifted: the pause by ann: lunch\n/],
    halted: [0, /^Control: halted -> running.*\nLifted: the halt by web-1: v2 failed\n/],
    "*": [1, /nothing is paused or halted/],
  },
  "rollout abort": {
    running: [0, /^Aborted \S+, by /],
    "at a gate": [0, /^Aborted /],
    paused: [0, /The pause by ann stands: lunch; nothing is rolled out before/],
    halted: [0, /Control: halted -> running\. The halt by web-1 is over/],
    "*": [1, /none is under way/],
  },
  "rollout promote": {
    "at a gate": [0, /^Opened the gate before A v2, by \S+: its wave goes on\.\n$/],
    "*": [1, /no wave waits at a gate/],
  },
  "rollout rollback --detach": {
    "nobody has ever been here": [1, /the tree is empty/],
    "no rollout": [1, /there has been no rollout yet/],
    aborted: [1, /no host has begun with \S+, and it is aborted: there is nothing to take back/],
    halted: [0, /^Rollback \S+, by \S+: takes \S+ back, A v2 -> v1\.\n$/],
    finished: [0, /: takes \S+ back, A v2 -> v1\.\n$/],
    paused: [0, /nothing of it had begun.*\nControl is paused by ann: lunch\. Hosts go back when/],
    "*": [0, /: \S+ is over; nothing of it had begun, so every host stays as it is\.\n$/],
  },
  "rollout retry web-1": {
    halted: [0, /A v2 is tried again.*\nControl is halted by web-1: v2 failed\. It begins when/],
    "*": [1, /nothing was changed/],
  },
  "rollout skip web-2 --reason dead": {
    running: [0, /^web-2: A v2 goes on without it, skipped by \S+: dead\./],
    "at a gate": [0, /goes on without it/],
    paused: [0, /\nControl is paused by ann: lunch\. The others go on when/],
    // The other one has failed.
    halted: [1, /web-2 is the last host that A v2 can go to/],
    "*": [1, /nothing was changed/],
  },
  "rollout watch --timeout 10ms": {
    "nobody has ever been here": [1, /there has been no rollout yet/],
    "no rollout": [1, /there has been no rollout yet/],
    halted: [1, /halted by web-1: v2 failed; what happened: rollcall rollout history/],
    aborted: [1, /: aborted/],
    finished: [0],
    "*": [3, /not over within 10ms; it goes on/],
  },
  "rollout PLAN --detach": {
    "nobody has ever been here": [1, /no agent has ever been here; start the agents first/],
    "no rollout": [0, /^Rollout /],
    aborted: [0, /^Note: service "A": v2 was aborted or rolled back before\n(Note: .*\n)*Rollout /],
    finished: [0, /^Rollout /],
    "*": [1, /is under way with (one|\d) waves? to go/],
  },
  "rollout plan PLAN": {
    "nobody has ever been here": [1, /no agent has ever been here/],
    aborted: [
      0,
      /^Note: service "A": v2 was aborted or rolled back before\n[^]*Nothing was written\./,
    ],
    running: [
      0,
      /\n! It could not be started now: \S+ is under way with 2 waves to go;[^]*\nNothing was/,
    ],
    paused: [0, /\n! It could not be started now: \S+ is under way/],
    "*": [0, /Nothing was written\./],
  },
  "restart A --detach": {
    "nobody has ever been here": [1, /no host has A in its config/],
    "no rollout": [0, /restarts A v1/],
    aborted: [0, /restarts A v1/],
    finished: [0, /restarts A v2/],
    "*": [1, /is under way with (one|\d) waves? to go/],
  },
  "rollout history": {
    "nobody has ever been here": [0, /There has been no rollout yet/],
    "no rollout": [0, /There has been no rollout yet/],
    "*": [0, /A v1 → v2/],
  },
  "rollout history 20260101-000000.000-aaaa": { "*": [1, /there is no record of/] },
  "rollout history ../..": { "*": [1, /there is no record of \.\.\/\.\./] },
  "hosts list": {
    "nobody has ever been here": [0, /No host is known yet/],
    halted: [0, /web-1 .* offline +v2 failed/],
    drained: [0, /web-1 .* offline +drained by ann .* ago: lunch/],
    "*": [0, /web-1 .* offline/],
  },
  "hosts drain web-1 --reason disk": {
    "nobody has ever been here": [1, /expected it on the roster of a service, it is on none/],
    drained: [1, /web-1 is drained for A already, by ann: lunch; .*nothing was changed/],
    // It is away anyway.
    "*": [
      0,
      /^Drained web-1 for A, B, by \S+: disk\. It counts as away until rollcall hosts undrain web-1\.\nA: its agent is offline, and runs/,
    ],
  },
  "hosts undrain web-1": {
    "nobody has ever been here": [1, /expected it on the roster of a service, it is on none/],
    drained: [
      0,
      /^web-1 is to be put back for A, B, by \S+\.\nA: its agent is offline, and puts it/,
    ],
    "*": [1, /web-1 is not drained for A; web-1 is not drained for B; nothing was changed/],
  },
  "hosts forget web-1": {
    "nobody has ever been here": [1, /expected it on the roster of a service, it is on none/],
    "*": [0, /^Forgot web-1 for A, B/],
  },
  "hosts release-slot web-1": {
    halted: [0, /^Freed the slot of web-1 for A: it was at failed, to v2/],
    "*": [1, /it holds none; rollcall hosts list shows who holds one/],
  },
  "hosts release-quarantine web-1": {
    "*": [1, /it is in quarantine for none of its services; rollcall hosts list shows/],
  },
  "logs web-1 A": { "*": [1, /expected an agent that is online, none is/] },
  "actors web-1 --once": { "*": [1, /expected an agent that is online, none is/] },
  status: {
    "nobody has ever been here": [0, /No host is known yet/],
    "*": [0, /web-1/],
  },
};

function argsOf(verb: string, servers: Servers): string[] {
  return [
    ...verb.split(" ").map((part) => part === "PLAN" ? plan(servers) : part),
    ...["--zookeeper", servers.zookeeper],
  ];
}

for (const state of Object.keys(STATES) as State[]) {
  Deno.test(`every verb, ${state}: says what it has changed, or why nothing could be done`, async () => {
    await using shared = await startServers();
    for (const [verb, expected] of Object.entries(VERBS)) {
      const [status, says] = expected[state] ?? expected[LIKE[state] ?? "*"] ?? expected["*"] ??
        [0];
      const coordinator = await Coordinator.listen();
      const zk = new ZooKeeper(coordinator.connectString);
      try {
        const servers = { ...shared, zookeeper: coordinator.connectString };
        await Deno.writeTextFile(
          plan(servers),
          `feed: ${servers.feedUrl}\nservices:\n  A: { version: v2 }\n`,
        );
        await STATES[state]({ servers, zk });
        const before = await contents(zk);
        const told = await run(argsOf(verb, servers));
        const what = `${state}: rollcall ${verb}\n${told.stdout}${told.stderr}`;
        assert.equal(told.status, status, what);
        if (says !== undefined) assert.match(status === 0 ? told.stdout : told.stderr, says, what);
        if (status !== 0) {
          assert.match(told.stderr, /^rollcall: [^\n]+\n$/, what);
          assert.deepEqual(await contents(zk), before, what);
        }
      } finally {
        await zk.close();
        await coordinator.close();
      }
    }
  });
}

Deno.test("rollout history: every order in it is told, with who and why", async () => {
  await using servers = await startServers();
  await using zk = new ZooKeeper(servers.zookeeper);
  await STATES.running({ servers, zk });
  await ensurePath(zk, quarantinedPath("A", "web-2"));
  const orders = [
    "rollout pause",
    "rollout resume",
    "rollout skip web-2",
    "rollout retry web-2",
    "rollout skip web-2",
    "hosts drain web-2 --service A",
    "hosts undrain web-2 --service A",
    "hosts release-slot web-2 --service A",
    "hosts release-quarantine web-2 --service A",
    "hosts forget web-2 --service A",
    "rollout abort",
  ];
  for (const order of orders) {
    const told = await run([
      ...order.split(" "),
      ...["--reason", `because of ${order}`, "--zookeeper", servers.zookeeper],
    ]);
    assert.equal(told.status, 0, told.stderr);
  }
  const { rollout } = await readFleet(zk);
  const history = await run([
    "rollout",
    "history",
    rollout?.id ?? "",
    "--zookeeper",
    servers.zookeeper,
  ]);
  const text = history.stdout.replaceAll(/by \S+@\S+/g, "by ann");
  for (const order of orders) {
    const [word = "", host] = order.replace("rollout ", "").split(/ (?=web)/);
    const about = host === undefined ? "" : ` ${host.split(" ")[0]} A`;
    assert.ok(
      text.includes(`  ${word}${about} by ann\n          because of ${order}\n`),
      `${order}\n${text}`,
    );
  }
});

Deno.test("rollout PLAN and restart: their reason stands in status and history", async () => {
  for (const order of [["rollout", "PLAN"], ["restart", "A"]]) {
    await using servers = await startServers();
    await using zk = new ZooKeeper(servers.zookeeper);
    await STATES["no rollout"]({ servers, zk });
    await Deno.writeTextFile(
      plan(servers),
      `feed: ${servers.feedUrl}\nservices:\n  A: { version: v2 }\n`,
    );
    const at = ["--zookeeper", servers.zookeeper];
    const started = await run([
      ...argsOf(order.join(" "), servers),
      ...["--detach", "--reason", "new certificates"],
    ]);
    assert.equal(started.status, 0, started.stderr);
    assert.match((await run(["status", ...at])).stdout, /^Reason: new certificates$/m);
    assert.match(
      (await run(["rollout", "history", ...at])).stdout,
      /^ {2}reason: new certificates$/m,
    );
  }
});

Deno.test("every verb: a chroot that does not exist is said, with the command that makes it", async () => {
  await using servers = await startServers();
  await Deno.writeTextFile(
    plan(servers),
    `feed: ${servers.feedUrl}\nservices:\n  A: { version: v2 }\n`,
  );
  for (const verb of Object.keys(VERBS)) {
    const args = argsOf(verb, { ...servers, zookeeper: `${servers.zookeeper}/prod` });
    const { status, stdout, stderr } = await run(args);
    assert.deepEqual([status, stdout], [1, ""], verb);
    assert.match(
      stderr,
      /the chroot \/prod in \S+ does not exist.*\n {2}zkCli\.sh .* create \/prod/,
    );
  }
});

Deno.test("every verb: without ZooKeeper it says so, and which servers were asked", async () => {
  await using servers = await startServers();
  await Deno.writeTextFile(
    plan(servers),
    `feed: ${servers.feedUrl}\nservices:\n  A: { version: v2 }\n`,
  );
  const away = { ...servers, zookeeper: "127.0.0.1:1" };
  let said = "";
  const { write } = Deno.stderr;
  Deno.stderr.write = (bytes) => {
    said += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  };
  try {
    // All at once, since each waits for its ten seconds.
    const verbs = Object.keys(VERBS);
    const statuses = await Promise.all(verbs.map((verb) => main(argsOf(verb, away))));
    assert.deepEqual(statuses, verbs.map(() => 1));
    const lines = said.trimEnd().split("\n");
    assert.equal(lines.length, verbs.length, said);
    for (const line of lines) {
      assert.match(line, /^rollcall: .*no server of 127\.0\.0\.1:\d+ answered within 10 s/);
    }
  } finally {
    Deno.stderr.write = write;
  }
});
