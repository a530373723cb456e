/**
 * One run: a whole fleet of real processes, faults while versions are rolled out one after the other, then a quiet end in
 * which everything has to come right. It has to be inside of namespaces of its own (`isolation.ts`): what it starts and
 * mounts is left to them.
 *
 * @module
 */

import { type Fleet, readFleet } from "../../coordination/mod.ts";
import { Children } from "../../scripts/demo/children.ts";
import { Commands } from "../../scripts/demo/commands.ts";
import { within } from "../../scripts/demo/deadlines.ts";
import { ZooKeeper } from "../../zookeeper/mod.ts";
import { ROOT } from "../../rollout/mod.ts";
import { type RealEnsemble, startRealEnsemble } from "../real_zookeeper.ts";
import { readDecisions, type Violation } from "./decisions.ts";
import { makeFaults } from "./faults.ts";
import { type Deed, judge } from "./judge.ts";
import { Machine, SERVICE } from "./machine.ts";
import { CENTER, Network } from "./network.ts";
import { Operator } from "./operator.ts";
import {
  drawSchedule,
  type PlannedPolicy,
  type Schedule,
  type ScheduleOptions,
} from "./schedule.ts";
import { readTransactions } from "./transaction_log.ts";
import { Witness } from "./witness.ts";

/** What came of a run. */
export interface RunResult {
  readonly seed: number;
  readonly schedule: Schedule;
  readonly violations: readonly Violation[];
  /** What was done and what happened, with seconds since the faults began. */
  readonly story: readonly string[];
  /** Lines of the logs of the hosts that violations name, by host. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
  /** How often each fault and order, each decision of the fleet and each command was seen. */
  readonly counts: Readonly<Record<"events" | "decisions" | "commands", Record<string, number>>>;
  /** Processes of services that were seen. */
  readonly sightings: number;
  /** Agents that ended without being told to. */
  readonly unexpectedEnds: number;
  /** How long each part took, seconds. */
  readonly seconds: Readonly<Record<"start" | "faults" | "end", number>>;
}

/** How long the fleet may take until all agents are registered, and until the first version runs. */
const START_MS = 120_000;
/** How long it may take to undo faults once they are over. A command gives up by itself when no server answers. */
const UNDO_MS = 60_000;
/** How long all may take to come right once the faults have stopped. A host that has failed to prepare waits for up to a minute. */
const END_MS = 180_000;
/** How often the operator resumes or has a host try again in the end, as is asked for; more often means that it never ends. */
const RESUMES_MAX = 20;
const LOOK_MS = 500;
/** How long one server may take to say what it shows. */
const SERVER_MS = 5_000;
/** Of hosts that wait for each other some are enough to see why. */
const SHOWN_WAITING = 3;
/** Lines of each log that are shown: those around the violation. */
const LOG_LINES = 120;

/** At the first installation nobody has anything to lose. */
const ALL_AT_ONCE: PlannedPolicy = {
  quorum: "100%",
  maxUnavailable: 1_000,
  maxConcurrent: 1_000,
  maxFailures: 0,
  bakeTime: "0ms",
  health: { deadline: "30s", interval: "100ms", successes: 1 },
};

/** What stands while a run is under way. */
interface Stage {
  readonly schedule: Schedule;
  readonly ensemble: RealEnsemble;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly operator: Operator;
  readonly witness: Witness;
  readonly zookeeper: ZooKeeper;
  readonly say: (text: string) => void;
}

/** The mark that the agents of a run, their services and the servers beside ZooKeeper have in their environment. */
export function markOf(seed: number): string {
  return `chaos-${seed}`;
}

/** Makes a run. Rejects if the fleet cannot even be set up. */
export async function runChaos(
  options: ScheduleOptions & {
    /** The folder that everything is put into. */
    readonly folder: string;
    /** Told what happens, line by line. */
    readonly onLine: (line: string) => void;
  },
): Promise<RunResult> {
  const startedMs = performance.now();
  let faultsMs = startedMs;
  const story: string[] = [];
  const say = (text: string) => {
    const seconds = (performance.now() - faultsMs) / 1_000;
    const line = `${seconds.toFixed(1).padStart(7)} s  ${text}`;
    story.push(line);
    options.onLine(line);
  };
  let unexpectedEnds = 0;
  const stage = await setUp(options, {
    say,
    onUnexpectedEnd: (text) => {
      unexpectedEnds++;
      say(text);
    },
  });
  const { schedule, operator, witness, zookeeper, machines, ensemble } = stage;
  faultsMs = performance.now();
  const wallMs = Date.now();
  say("the faults begin");
  const isOver = AbortSignal.timeout(schedule.faultsMs);
  const work = Promise.all([
    makeFaults(schedule.events, {
      ...stage,
      switching: async () =>
        (await read(zookeeper))?.services[SERVICE]?.hosts
          .filter(({ slot }) => slot !== null && slot.step !== "failed").map(({ host }) => host) ??
          [],
    }, isOver),
    operator.rollOutVersions(isOver),
  ]);
  const [deeds] = await within(work, {
    what: "the faults to be undone, and the operator's commands to end",
    deadlineMs: schedule.faultsMs + UNDO_MS,
    signal: new AbortController().signal,
    lastKnown: () => story.join("\n"),
  });
  say("the faults are over");
  const endMs = performance.now();
  const unsettled = await settle(stage);
  const doneMs = performance.now();
  await witness.stop();
  await zookeeper.close();
  const transactions = await readTransactions(
    ensemble.servers.map(({ dataFolder }) => dataFolder),
  );
  const decisions = readDecisions(transactions, SERVICE);
  const violations = [
    ...judge({
      hosts: schedule.hosts,
      sightings: witness.sightings,
      decisions,
      deeds,
      published: operator.published,
    }),
    ...operator.violations,
    ...unsettled,
  ];
  for (const { check, what, atMs } of violations) {
    story.push(
      `${((atMs - wallMs) / 1_000).toFixed(1).padStart(7)} s  VIOLATION ${check}: ${what}`,
    );
  }
  return {
    seed: schedule.seed,
    schedule,
    violations,
    story,
    logs: await readLogs(violations, machines),
    counts: {
      events: countKinds(deeds),
      decisions: Object.fromEntries(decisions.counts),
      commands: Object.fromEntries(operator.counts),
    },
    sightings: witness.sightings.length,
    unexpectedEnds,
    seconds: {
      start: (faultsMs - startedMs) / 1_000,
      faults: (endMs - faultsMs) / 1_000,
      end: (doneMs - endMs) / 1_000,
    },
  };
}

/** Starts everything and installs the first version. */
async function setUp(
  options: ScheduleOptions & { readonly folder: string },
  { say, onUnexpectedEnd }: {
    readonly say: (text: string) => void;
    readonly onUnexpectedEnd: (text: string) => void;
  },
): Promise<Stage> {
  const { folder } = options;
  const schedule = drawSchedule(options);
  const { hosts, seed, policies, drainSeconds } = schedule;
  const mark = markOf(seed);
  const failure = new AbortController();
  for (const name of ["switches", "logs", "content"]) await Deno.mkdir(`${folder}/${name}`);
  const network = await Network.build(hosts);
  const ensemble = await startRealEnsemble({ hostname: CENTER });
  say("the ensemble serves");
  const children = new Children({
    mark,
    logFolder: `${folder}/logs`,
    onUnexpectedEnd: (error) => {
      onUnexpectedEnd(error.message);
      failure.abort(error);
    },
  });
  const commands = new Commands(children, {
    program: null,
    hostname: CENTER,
    signal: failure.signal,
  });
  const announceUrl = (await commands.tracker()).address;
  const feedFolder = `${folder}/feed`;
  const feedUrl = (await commands.buildMachine(feedFolder, announceUrl)).address;
  const zookeeper = new ZooKeeper(ensemble.connectString, { sessionTimeoutMs: 10_000 });
  const machines = new Map<string, Machine>();
  for (const [index, name] of hosts.entries()) {
    machines.set(
      name,
      await Machine.create({
        name,
        network,
        folder,
        zookeeper: ensemble.connectString,
        mark,
        drainSeconds,
        // Pin keepers are processes; those of some hosts are enough.
        pin: index % 4 === 0 ? "preferred" : "off",
        onUnexpectedEnd: ({ code, signal }) =>
          onUnexpectedEnd(`the agent of ${name} ended by itself: ${signal ?? `status ${code}`}`),
      }),
    );
  }
  for (const machine of machines.values()) machine.startAgent();
  const operator = new Operator({
    commands,
    feed: { feedFolder, announceUrl, feedUrl },
    zookeeper: ensemble.connectString,
    folder,
    service: SERVICE,
    seed,
    policies,
    say,
  });
  const stage: Stage = {
    schedule,
    ensemble,
    machines,
    operator,
    zookeeper,
    say,
    witness: new Witness(new Map(hosts.map((host) => [host, network.watchAddress(host)]))),
  };
  let missing: string | null = "the hosts' entries";
  let last: Fleet | null = null;
  await within(
    (async () => {
      await untilNone(async () => missing = missingOnline(await read(zookeeper), hosts));
      say("all agents are registered");
      const version = await operator.publishNext();
      if (!await operator.start(version, ALL_AT_ONCE)) throw new Error("the plan was refused");
      await untilNone(async () => {
        last = await read(zookeeper);
        return missing = await missingVersion(stage, version);
      });
    })(),
    {
      what: "the fleet to be set up",
      deadlineMs: START_MS,
      signal: failure.signal,
      lastKnown: () => `missing: ${missing}\n${last === null ? "" : describe(last)}`,
    },
  );
  return stage;
}

/** The operator puts things right after the faults; what is still wrong when the time is up. */
async function settle(stage: Stage): Promise<Violation[]> {
  const { operator, ensemble, zookeeper, say, schedule: { hosts } } = stage;
  const violations: Violation[] = [];
  const fail = (check: string, what: string, about: readonly string[] = []) =>
    violations.push({ check, what, hosts: about, atMs: Date.now() });
  const deadlineMs = performance.now() + END_MS;
  let final: string | null = null;
  let resumes = 0;
  for (;; await delay(LOOK_MS)) {
    const fleet = await read(zookeeper);
    const state = fleet?.control?.state;
    if (fleet !== null && state !== undefined) {
      const isUnderWay = fleet.rollout?.state === "running";
      const failed = hosts.filter((host) => hostOf(fleet, host)?.slot?.step === "failed");
      const isAskedFor = state !== "running" || (!isUnderWay && failed.length > 0);
      if (isAskedFor) {
        say(`control is ${state}: ${fleet.control?.reason ?? `failed: ${failed}`}`);
        if (++resumes > RESUMES_MAX) {
          fail("end", `resumed ${RESUMES_MAX} times, and it is ${state} again`, failed);
          return violations;
        }
        const [host] = failed;
        if (state === "running" && host !== undefined) await operator.retry(host);
        else await operator.resume();
        continue;
      }
      if (!isUnderWay && final === null) {
        const version = await operator.publishNext();
        if (await operator.start(version, lastPolicy(hosts.length))) final = version;
        continue;
      }
      if (final !== null && !isUnderWay && await missingVersion(stage, final) === null) {
        say(`everybody serves ${final}`);
        return violations;
      }
    }
    if (performance.now() < deadlineMs) continue;
    const missing = final === null ? "the last rollout" : await missingVersion(stage, final);
    fail(
      "end",
      `expected everything to come right within ${END_MS / 1_000} s, missing: ${missing}\n` +
        `${fleet === null ? "the tree cannot be read" : describe(fleet)}\n` +
        await describeServers(ensemble, fleet),
      fleet === null ? [] : suspects(fleet, hosts),
    );
    return violations;
  }
}

function lastPolicy(hostCount: number): PlannedPolicy {
  const maxUnavailable = Math.max(1, Math.floor(hostCount / 3));
  return {
    ...ALL_AT_ONCE,
    quorum: "75%",
    maxUnavailable,
    maxConcurrent: Math.min(3, maxUnavailable),
    bakeTime: "100ms",
  };
}

/** What the ensemble has decided, and not what the server knows that happens to be asked: it may have fallen behind. */
async function read(zookeeper: ZooKeeper): Promise<Fleet | null> {
  try {
    await zookeeper.sync(ROOT);
    return await readFleet(zookeeper);
  } catch {
    return null;
  }
}

/** What each server shows by itself. Where they differ, or one answers nothing, the fleet may stand still because of them. */
async function describeServers({ servers }: RealEnsemble, fleet: Fleet | null): Promise<string> {
  const expected = fleet === null ? null : describe(fleet);
  const lines = await Promise.all(servers.map(async (server) => {
    const calls = { timeoutMs: SERVER_MS };
    const zookeeper = new ZooKeeper(server.connectString, { operationTimeoutMs: SERVER_MS });
    try {
      await zookeeper.connected(calls);
      const shown = describe(await readFleet(zookeeper));
      await zookeeper.sync(ROOT, calls);
      return shown === expected ? "shows the same" : `shows\n${shown}`;
    } catch (error) {
      return `does not answer: ${error}`;
    } finally {
      await zookeeper.close();
    }
  }));
  return lines.map((line, index) => `server ${index + 1} ${line}`).join("\n");
}

function hostOf(fleet: Fleet, name: string) {
  return fleet.services[SERVICE]?.hosts.find(({ host }) => host === name);
}

function missingOnline(fleet: Fleet | null, hosts: readonly string[]): string | null {
  if (fleet === null) return "an answer of ZooKeeper";
  const missing = hosts.filter((host) => hostOf(fleet, host)?.online !== true);
  return missing.length === 0 ? null : `the entries of ${missing.join(", ")}`;
}

/** What is missing until everybody serves a version, by their services' answers and by their entries. */
async function missingVersion(
  { zookeeper, witness, schedule: { hosts } }: Stage,
  version: string,
): Promise<string | null> {
  const fleet = await read(zookeeper);
  if (fleet === null) return "an answer of ZooKeeper";
  if (fleet.rollout?.state === "running") return `the end of the rollout of ${version}`;
  const missing = hosts.filter((host) => {
    const entry = hostOf(fleet, host);
    return witness.running(host)?.version !== version || entry?.version !== version ||
      entry.state !== "serving" || entry.slot !== null;
  });
  return missing.length === 0 ? null : `${version} on ${missing.join(", ")}`;
}

async function untilNone(look: () => Promise<string | null>): Promise<void> {
  while (await look() !== null) await delay(LOOK_MS);
}

function describe(fleet: Fleet): string {
  const hosts = (fleet.services[SERVICE]?.hosts ?? []).map((host) =>
    `  ${host.host}: ${host.online ? "online" : "offline"} ${host.version} ${host.state} slot ${
      host.slot?.step ?? "-"
    }; ${host.waitingFor ?? "-"}`
  );
  const { control, rollout } = fleet;
  return [
    `control ${control?.state} (${control?.reason}), rollout ${rollout?.state}`,
    ...fleet.problems,
    ...hosts,
  ].join("\n");
}

/** The hosts that the others may wait for; if none is down or switches, some of those that wait. */
function suspects(fleet: Fleet, hosts: readonly string[]): string[] {
  const held = hosts.filter((name) => {
    const host = hostOf(fleet, name);
    return host?.state !== "serving" || host.slot !== null;
  });
  if (held.length > 0) return held;
  const waiting = hosts.filter((name) => (hostOf(fleet, name)?.waitingFor ?? null) !== null);
  return waiting.slice(0, SHOWN_WAITING);
}

function countKinds(deeds: readonly Deed[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of deeds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** The lines around the first violation that names each host. */
async function readLogs(
  violations: readonly Violation[],
  machines: ReadonlyMap<string, Machine>,
): Promise<Record<string, string[]>> {
  const logs: Record<string, string[]> = {};
  for (const { hosts, atMs } of violations) {
    for (const host of hosts) {
      const machine = machines.get(host);
      if (machine === undefined || host in logs) continue;
      const lines = (await Deno.readTextFile(machine.logPath)).trimEnd().split("\n");
      const isAfter = (line: string) => {
        const [stamp] = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+/.exec(line) ?? [];
        return stamp !== undefined && Date.parse(`${stamp.replace(" ", "T")}Z`) > atMs;
      };
      const after = lines.findIndex(isAfter);
      const at = after === -1 ? lines.length : after;
      logs[host] = lines.slice(Math.max(0, at - LOG_LINES), at + LOG_LINES / 4);
    }
  }
  return logs;
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
