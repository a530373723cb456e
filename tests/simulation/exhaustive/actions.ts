/**
 * Everything that can happen next in a state: what the hosts do by the rules that ship, in any order, and what goes wrong.
 *
 * @module
 */

import { decideAtFence } from "../../../actors/upgrade_coordinator/machine/at_fence.ts";
import {
  decideDrainStep,
  type DrainNow,
  NOTHING_DONE,
} from "../../../actors/upgrade_coordinator/machine/drain.ts";
import {
  decideNext,
  type HostNow,
  type Next,
  type NextDecision,
} from "../../../actors/upgrade_coordinator/machine/next.ts";
import type { Phase } from "../../../actors/upgrade_coordinator/machine/phase.ts";
import { decideResumption } from "../../../actors/upgrade_coordinator/machine/resume.ts";
import {
  afterFailure,
  newStart,
  newSwitch,
  stepAfter,
  type Switch,
  toSlot,
} from "../../../actors/upgrade_coordinator/machine/switch.ts";
import {
  areaMarkers,
  type Census,
  type CensusReading,
  closedGate,
  covers,
  type Current,
  currentPath,
  currentSchema,
  decideDrain,
  decideUndrain,
  decodeWave,
  type GateWatch,
  historyPath,
  isSameSlot,
  newcomersPath,
  parseSequentialName,
  pauseControl,
  placeNodes,
  type ReleaseIdentity,
  resumeControl,
  rolloutSchema,
  servicePath,
  type ServiceReading,
  servingPath,
  slotsPath,
  slotTarget,
  stagingPath,
  transactions,
  wavePath,
} from "../../../rollout/mod.ts";
import { type FullReading, type MemoryTree, SERVICE } from "../../unit/rollout/memory_tree.ts";
import { current } from "../../unit/rollout/views.ts";
import { checkCommit, checkStop } from "./invariants.ts";
import {
  type Agent,
  type Allowance,
  type Asked,
  type Host,
  type Request,
  treeAfter,
  withAgent,
  withHost,
  type World,
} from "./world.ts";

/** Something that can happen, and the state after it. */
export interface Outcome {
  /** In words, for a trace. */
  readonly what: string;
  /** Whether it is a fault, or an operator's act: it need not happen. */
  readonly isFault: boolean;
  readonly world: World;
}

const readings = new WeakMap<MemoryTree, FullReading>();

/** All that stands in the tree. */
export function readingOf(tree: MemoryTree): FullReading {
  const known = readings.get(tree);
  if (known !== undefined) return known;
  const reading = tree.read();
  readings.set(tree, reading);
  return reading;
}

/** What a host reads: the numbers of the others. */
function censusOf(tree: MemoryTree, { name }: Host): CensusReading {
  return tree.count(name, readingOf(tree).stagingNodes.map(({ node }) => node));
}

/** What a host decides. Where it has to, it reads all the others. */
function decide(tree: MemoryTree, host: Alive, ready: HostNow["ready"]): NextDecision {
  const now = { ...nowOf(tree, host), ready };
  const decision = decideNext(now, censusOf(tree, host));
  return decision.next.kind === "look_around" ? decideNext(now, tree.read(host.name)) : decision;
}

/** The places of a host in the staging queue. */
function placesOf(tree: MemoryTree, { name }: Host): string[] {
  return readingOf(tree).stagingNodes.filter(({ host }) => host === name).map(({ node }) => node);
}

/** The host's place as its agent knows it. */
function placeOf(tree: MemoryTree, host: Alive): HostNow["place"] {
  const { stagingNodes, view } = readingOf(tree);
  const isOwn = (node: string) =>
    tree.nodes().get(stagingPath(SERVICE, node))?.session === host.agent.session;
  const own = placesOf(tree, host);
  const mine = own.find(isOwn);
  if (mine === undefined) return own.length === 0 ? null : undefined;
  const ahead = stagingNodes.slice(0, stagingNodes.findIndex(({ node }) => node === mine))
    .filter((place) =>
      place.host !== host.name && (view.wave === null || covers(view.wave, place.host))
    );
  const version = view.staged.find((staged) => staged.host === host.name)?.version ?? null;
  return { release: { version }, stands: true, behind: ahead.at(-1)?.host ?? null };
}

/** The release that a host is counted as ready for. */
function stagedOf(tree: MemoryTree, host: Alive): ReleaseIdentity | null {
  const place = placeOf(tree, host);
  const slot = readingOf(tree).view.slots.get(host.name);
  return place?.release ?? (slot === undefined ? null : slotTarget(slot));
}

/** All that can happen next. */
export function outcomesOf(world: World): Outcome[] {
  return [...world.hosts.flatMap((host) => hostOutcomes(world, host)), ...verbs(world)];
}

function hostOutcomes(world: World, host: Host): Outcome[] {
  const { agent } = host;
  const outcomes: Outcome[] = [];
  const add = (what: string, after: World | null, isFault = false) => {
    if (after !== null) outcomes.push({ what: `${host.name}: ${what}`, isFault, world: after });
  };
  if (host.late !== null) add("a late request arrives", arriveLate(world, host));
  if (host.leftSession !== null) add("its last session ends", endLeftSession(world, host));
  if (agent === null) {
    // A machine has one session of the past at the most here: the next agent begins when that has room.
    if (host.leftSession === null || host.late === null) {
      add("its agent starts", start(world, host));
    }
    return outcomes;
  }
  add("registers", register(world, { ...host, agent }));
  add("writes its entry", writeEntry(world, { ...host, agent }));
  if (agent.request === null) {
    for (const [what, after] of think(world, { ...host, agent })) add(what, after);
  } else {
    const { kind } = agent.request.asked;
    add(`${kind}, answered`, deliver(world, { ...host, agent }, { isAnswered: true }));
    const lose = spend(world, "losses");
    if (lose !== null) {
      add(`${kind}, the answer is lost`, deliver(lose, { ...host, agent }, {}), true);
      add(`${kind}, lost`, forgetRequest(lose, { ...host, agent }), true);
    }
  }
  const crash = spend(world, "crashes");
  if (crash !== null) add("its agent dies", die(crash, { ...host, agent }, host.running), true);
  const cut = spend(world, "powerCuts");
  if (cut !== null) add("its power is cut", die(cut, { ...host, agent }, null), true);
  const expiry = spend(world, "expiries");
  if (expiry !== null) add("its session ends", expire(expiry, { ...host, agent }), true);
  return outcomes;
}

type Alive = Host & { readonly agent: Agent };

function spend(world: World, what: keyof Allowance): World | null {
  const left = world.left[what];
  return left === 0 ? null : { ...world, left: { ...world.left, [what]: left - 1 } };
}

/** The tree after a transaction; `null` if it is refused. */
function applied(
  world: World,
  operations: transactions.Transaction,
  session: string,
): World | null {
  const tree = treeAfter(world, operations, session);
  return tree === null ? null : { ...world, tree };
}

function arriveLate(world: World, host: Host): World {
  const { late } = host;
  if (late === null) return world;
  return withHost(applied(world, late.operations, late.session) ?? world, { ...host, late: null });
}

function endLeftSession(world: World, host: Host): World {
  const tree = world.tree.copy();
  tree.expire(host.leftSession ?? "");
  // What is still under way in a session that has ended is refused.
  return withHost({ ...world, tree }, { ...host, leftSession: null, late: null });
}

/** An agent starts, with what the disk says. */
function start(world: World, host: Host): World {
  const { journal, count } = host;
  const phase: Phase = journal === null
    ? { kind: "idle" }
    : { kind: "interrupted", change: journal };
  const agent = newAgent(`${host.name}#${count + 1}`, phase);
  // Whatever runs is adopted.
  return withHost(world, { ...host, agent, count: count + 1 });
}

function newAgent(session: string, phase: Phase): Agent {
  return {
    session,
    registration: "none",
    epoch: -1,
    phase,
    hasRejoined: false,
    drain: NOTHING_DONE,
    request: null,
  };
}

/** The agent dies. What it has asked for last may arrive later. */
function die(world: World, host: Alive, running: string | null): World | null {
  const { agent } = host;
  // One session and one request of the past are enough to go wrong.
  if (host.leftSession !== null) return null;
  return withHost(world, {
    ...host,
    running,
    agent: null,
    leftSession: agent.session,
    late: agent.request ?? lateEntry(world, host),
    // A service that is off with its machine has not been stopped by a switch, unless it was before.
    isStopped: host.isStopped,
  });
}

/** An entry that was being written when the agent died. */
function lateEntry(world: World, host: Alive): Request | null {
  const { registration, session } = host.agent;
  if (registration !== "registered") return null;
  const operations = entryOperations(world, host);
  return operations === null ? null : { operations, session, asked: { kind: "change" } };
}

/** A session ends although its agent lives: it connects anew, and registers. */
function expire(world: World, host: Alive): World {
  const { agent, count } = host;
  const tree = world.tree.copy();
  tree.expire(agent.session);
  return withHost({ ...world, tree }, {
    ...host,
    count: count + 1,
    agent: {
      ...agent,
      session: `${host.name}#${count + 1}`,
      registration: "none",
      hasRejoined: false,
      request: null,
      phase: afterUnknown(agent),
    },
  });
}

/** The phase of an agent that will never hear what has become of its request. */
function afterUnknown({ phase, request }: Agent): Phase {
  if (request === null || phase.kind === "reporting") return phase;
  if (phase.kind === "draining") return { ...phase, at: "fence" };
  return { kind: "idle" };
}

/** Where all hosts stand. */
const PLACE = { site: "north", rack: "r1" };

/** The next step of the registration: the roster, then the entry. */
function register(world: World, host: Alive): World | null {
  const { agent, name } = host;
  const { tree } = world;
  const path = currentPath(SERVICE, name);
  switch (agent.registration) {
    case "registered": {
      // Who was put back registers once more, a newcomer that serves included: it counts from then on.
      const isPutBack = isToBePutBack(tree, host);
      return isPutBack ? withAgent(world, host, { registration: "none" }) : null;
    }
    case "none": {
      const joining = { schema: 1 as const, ...PLACE };
      const found = tree.nodes().get(servicePath(SERVICE, name));
      const standing = tree.read().view.rosterEntries.get(name);
      const operations = found === undefined
        ? transactions.joinRoster(SERVICE, { host: name, roster: joining })
        : transactions.renewRoster(SERVICE, {
          host: name,
          roster: { ...standing, ...joining },
          version: found.version,
        });
      const after = applied(world, operations, agent.session);
      const node = after?.tree.node(servicePath(SERVICE, name));
      if (after === null || node === null || node === undefined || !("version" in node)) {
        return null;
      }
      return withAgent(after, host, { registration: "enrolled", epoch: node.version });
    }
    case "enrolled": {
      const entry = entryOf(host);
      const found = tree.nodes().get(path);
      const standing = found === undefined
        ? null
        : { version: found.version, isOfSession: found.session === agent.session };
      const staged = stagedOf(tree, host);
      const isPutBack = isToBePutBack(tree, host);
      const write = tree.registration(entry, {
        staged,
        epoch: agent.epoch,
        standing,
        isPutBack,
        countsAtOnce: false,
      });
      const after = applied(world, transactions.registerHost(SERVICE, write), agent.session);
      const node = after?.tree.nodes().get(servicePath(SERVICE, name));
      return withAgent(after ?? world, host, {
        registration: after === null ? "none" : "registered",
        // The first service moves it on.
        epoch: node?.version ?? agent.epoch,
      });
    }
  }
}

/** Whether the host's hook was run to put it back, and the roster says that it is drained. */
function isToBePutBack(tree: MemoryTree, host: Alive): boolean {
  const roster = readingOf(tree).view.rosterEntries.get(host.name) ?? null;
  return decideDrainStep(roster, drainOf(host))?.kind === "put_back";
}

/** What the host has done about words of operators. It has both hooks. */
function drainOf(host: Alive): DrainNow {
  return { ...host.agent.drain, isPutBackFirst: entryOf(host).state === "serving" };
}

/** The entry that a host shows. */
function entryOf(host: Alive): Current {
  const { agent: { phase }, running, name } = host;
  const switching = phase.kind === "switching" || phase.kind === "reporting" ? phase.change : null;
  const interrupted = phase.kind === "interrupted" ? phase.change : null;
  const isOnTrial = interrupted !== null && interrupted.step !== "draining" &&
    interrupted.step !== "stopping";
  const trial = switching ?? (isOnTrial ? interrupted : null);
  return trial === null
    ? current(name, { version: running, state: running === null ? "down" : "serving" })
    : current(name, { version: trial.from, state: "down" });
}

/** The transaction that brings a host's entry up to date; `null` if it is. */
function entryOperations({ tree }: World, host: Alive): transactions.Transaction | null {
  const standing = readingOf(tree).view.current.get(host.name);
  const entry = entryOf(host);
  const markers = tree.markers(entry, stagedOf(tree, host));
  if (
    standing !== undefined &&
    JSON.stringify(standing) === JSON.stringify(currentSchema.parse(entry)) &&
    markers.standing.symmetricDifference(markers.wanted).size === 0
  ) {
    return null;
  }
  return transactions.writeHost(SERVICE, { entry, epoch: host.agent.epoch, markers, slot: null });
}

function writeEntry(world: World, host: Alive): World | null {
  if (host.agent.registration !== "registered") return null;
  const operations = entryOperations(world, host);
  if (operations === null) return null;
  return applied(world, operations, host.agent.session) ??
    withAgent(world, host, { registration: "none" });
}

/** What the agent does next by itself: it reads the tree and decides, or takes a step of its switch. */
function think(world: World, host: Alive): [string, World][] {
  const { phase } = host.agent;
  switch (phase.kind) {
    case "acting":
      return [];
    case "draining":
      return phase.at === "drain"
        ? [["has drained", withAgent(world, host, { phase: { ...phase, at: "fence" } })]]
        : phase.at === "fence"
        ? [lookAtFence(world, host, phase.change)]
        : [];
    case "switching":
      return takeStep(world, host, phase.change);
    case "reporting":
      return report(world, host, phase.change);
    case "interrupted":
      return [resume(world, host, phase.change)];
    case "idle":
      return beginNext(world, host);
  }
}

function nowOf(tree: MemoryTree, host: Alive): HostNow {
  const { name, agent, running } = host;
  const { agent: identity } = current(name);
  return {
    host: name,
    identity: { agent: identity },
    service: SERVICE,
    running: running === null ? null : { version: running },
    isServing: running !== null,
    hasRejoined: agent.hasRejoined,
    // Everything is on the disk: preparations are the simulation's.
    ready: null,
    unstarted: null,
    unprepared: null,
    trouble: null,
    hasHaltStood: false,
    place: placeOf(tree, host),
    drain: drainOf(host),
    // However long it has been: what is not certain is whether the time has passed, and a host that does not act is one for
    // which it has not.
    gate: gateOf(tree),
    wallTimeMs: 0,
  };
}

/** What a host knows of the gate at which a wave waits: that its time has passed. */
function gateOf(tree: MemoryTree): GateWatch | null {
  const node = readingOf(tree).view.wave?.node;
  const seenMs = Number.MAX_SAFE_INTEGER;
  return node === undefined ? null : { node, seenMs, sinceMs: 0, heldMs: null, lastWords: null };
}

function ask(
  world: World,
  host: Alive,
  { operations, asked, phase }: {
    readonly operations: transactions.Transaction;
    readonly asked: Asked;
    readonly phase: Phase;
  },
): World {
  const request = { operations, session: host.agent.session, asked };
  return withAgent(world, host, { request, phase });
}

const ACTING: Phase = { kind: "acting", interrupted: null };

function beginNext(world: World, host: Alive): [string, World][] {
  const reading = readingOf(world.tree);
  const unready = decide(world.tree, host, null);
  // What it wants is ready.
  const decision = unready.next.kind === "prepare"
    ? decide(world.tree, host, unready.next)
    : unready;
  const { next, hasRejoined } = decision;
  const decided = hasRejoined === host.agent.hasRejoined
    ? world
    : withAgent(world, host, { hasRejoined });
  const me = decided.hosts.find(({ name }) => name === host.name) ?? host;
  const alive = { ...host, ...me, agent: me.agent ?? host.agent };
  const change = (what: string, operations: transactions.Transaction): [string, World] => [
    what,
    ask(decided, alive, { operations, asked: { kind: "change" }, phase: ACTING }),
  ];
  const beginning = { policy: reading.view.policy, sinceMs: host.count + 1 };
  const ownPlaces = placesOf(world.tree, host);
  const { census } = censusOf(world.tree, host);
  switch (next.kind) {
    case "register":
    case "await_entry":
    case "wait":
    case "rest":
    case "look_around":
    case "put_back":
      return decided === world ? [] : [[next.kind, decided]];
    case "drain":
    case "undrain": {
      const isOut = next.kind === "drain";
      const drain = { ...NOTHING_DONE, isOut, putBackBy: isOut ? undefined : next.word };
      return [[
        `runs ${next.kind}`,
        withAgent(withHost(decided, { ...alive, isOut }), {
          ...alive,
          isOut,
        }, { drain }),
      ]];
    }
    case "prepare":
      throw new Error("everything is ready");
    case "roll_back":
      throw new Error("no plan here rolls back");
    case "record_failure":
      throw new Error("everything is ready, so nothing is late");
    case "start": {
      const begun = newStart(null, next, beginning);
      return [[`starts ${next.version}`, begin(decided, alive, begun)]];
    }
    case "join_queue": {
      const { agent } = alive;
      if (agent.registration !== "registered") return [];
      const entry = entryOf(alive);
      const release = { version: next.version };
      const join = {
        entry,
        epoch: agent.epoch,
        markers: world.tree.markers(entry, release),
        release,
        places: ownPlaces.map((node) => ({ node, isGood: false })),
      };
      return [change("joins the queue", transactions.joinStaging(SERVICE, join).operations)];
    }
    case "leave_queue":
      return [change("leaves the queue", transactions.leaveStaging(SERVICE, ownPlaces))];
    case "take_slot": {
      const { wave, opening } = next;
      const running = host.running === null ? null : { version: host.running };
      const switched = newSwitch(running, next, { ...beginning, wave });
      const slot = toSlot(switched, current(host.name));
      const [place = null] = census.policy.maxConcurrent > 1 ? ownPlaces : [];
      const request = { service: SERVICE, slot, wave, opening, place };
      const operations = transactions.takeSlot(census, request);
      const asked = { kind: "take_slot", change: switched } as const;
      const counted = withHost(decided, { ...alive, count: alive.count + 1 });
      const asking = { ...alive, count: alive.count + 1 };
      return [["asks for a slot", ask(counted, asking, { operations, asked, phase: ACTING })]];
    }
    case "give_slot_back": {
      const { agent } = alive;
      if (agent.registration !== "registered") return [];
      const entry = entryOf(alive);
      const release = placeOf(world.tree, alive)?.release ?? null;
      const write = { entry, epoch: agent.epoch, markers: world.tree.markers(entry, release) };
      const given = { service: SERVICE, slot: next.slot, write };
      const operations = transactions.giveSlotBack(reading, given);
      return operations === null ? [] : [change("gives its slot back", operations)];
    }
    case "open_gate":
    case "halt": {
      const operations = passOn(world.tree, census, { host: host.name, next });
      return operations === null ? [] : [change(next.kind, operations)];
    }
    case "end_wave": {
      const operations = endWave(world.tree, censusOf(world.tree, host));
      return operations === null ? [] : [change("ends the wave", operations)];
    }
  }
}

/** Opens the gate before a wave, or halts because of it. */
function passOn(
  tree: MemoryTree,
  census: Census,
  { host, next }: { host: string; next: Extract<Next, { kind: "open_gate" | "halt" }> },
): transactions.Transaction | null {
  const by = { by: host, nowMs: 0 };
  if (next.kind === "halt") {
    return transactions.haltWave(census, { reason: next.reason, ...by });
  }
  return openGate(tree, next.wave.node, {
    how: next.how,
    controlVersion: census.controlVersion,
    ...by,
  });
}

function openGate(
  tree: MemoryTree,
  node: string,
  opening: transactions.Opening,
): transactions.Transaction | null {
  const name = parseSequentialName(node);
  const found = name === null ? null : decodeWave(name, tree.node(wavePath(node)));
  return found === null ? null : transactions.openGate({ node, wave: found }, opening);
}

function endWave(tree: MemoryTree, reading: CensusReading): transactions.Transaction | null {
  const { wave } = reading.census;
  const name = wave === null ? null : parseSequentialName(wave.node);
  const found = name === null ? null : decodeWave(name, tree.node(wavePath(name.node)));
  if (found === null) return null;
  const path = historyPath(found.entry.rollout);
  const node = tree.node(path);
  const record = node !== null && "version" in node
    ? { entry: rolloutSchema.parse(tree.entry(path)), znodeVersion: node.version }
    : null;
  return transactions.finishWave(reading, {
    service: SERVICE,
    wave: found.entry,
    record,
    nowMs: 0,
  });
}

/** Begins a step of a switch: it is in the journal before it is taken. */
function begin(world: World, host: Alive, change: Switch): World {
  const phase: Phase = change.step === "draining"
    ? { kind: "draining", change, at: "drain" }
    : change.step === "reporting"
    ? { kind: "reporting", change, problem: null }
    : { kind: "switching", change };
  const { agent } = host;
  return withHost(world, {
    ...host,
    journal: change,
    // What happens to its service from here on is not the switch's doing.
    isStopped: host.isStopped && change.step !== "reporting",
    agent: { ...agent, phase, request: null },
  });
}

function resume(world: World, host: Alive, change: Switch): [string, World] {
  const reading = censusOf(world.tree, host);
  if (decide(world.tree, host, null).next.kind === "register") return ["waits", world];
  const resumption = decideResumption(
    change,
    { owner: current(host.name), running: host.running },
    reading,
  );
  switch (resumption.kind) {
    case "go_on":
      return ["resumes its switch", begin(world, host, resumption.change)];
    case "at_fence": {
      const phase: Phase = { kind: "draining", change: resumption.change, at: "fence" };
      return ["resumes its switch at the fence", withAgent(world, host, { phase })];
    }
    case "drop":
      return [
        "drops its switch",
        withHost(world, {
          ...host,
          journal: null,
          agent: { ...host.agent, phase: { kind: "idle" } },
        }),
      ];
  }
}

function lookAtFence(world: World, host: Alive, change: Switch): [string, World] {
  const reading = censusOf(world.tree, host);
  const slot = toSlot(change, current(host.name));
  // A stop takes no time here.
  const drained = { change, isDrained: true, mayBeEnding: false };
  const decision = decideAtFence(nowOf(world.tree, host), reading, drained);
  switch (decision.kind) {
    case "turn_back": {
      const given = decision.keepsSlot
        ? null
        : transactions.giveSlotBack(reading, { service: SERVICE, slot });
      const operations = given ?? [];
      const asked = { kind: "turn_back" } as const;
      return ["turns back", ask(world, host, { operations, asked, phase: ACTING })];
    }
    case "drain":
    case "await_end":
    case "await_entry":
      return ["waits at the fence", world];
    case "ask": {
      const step = { ...slot, step: "stopping" as const };
      const operations = transactions.passFence(reading, { service: SERVICE, slot: step });
      if (operations === null) return ["waits at the fence", world];
      const phase: Phase = { kind: "draining", change, at: "asking" };
      const { roster, current: online } = readingOf(world.tree).view;
      const offline = roster.filter((other) => !online.has(other));
      const asked = { kind: "pass_fence", change, offline } as const;
      return ["asks to stop", ask(world, host, { operations, asked, phase })];
    }
  }
}

/** The steps from the stop to the report. A new version may turn out to be unwell. */
function takeStep(world: World, host: Alive, change: Switch): [string, World][] {
  const next = stepAfter(change.step);
  const goOn = (running: string | null, isStopped: boolean): World => {
    const after = { ...host, running, isStopped };
    return begin(withHost(world, after), after, { ...change, step: next ?? "reporting" });
  };
  switch (change.step) {
    case "stopping":
      return [["stops its service", goOn(null, true)]];
    case "starting":
      return [[`starts ${change.to}`, goOn(change.to, host.isStopped)]];
    case "checking": {
      const well: [string, World] = [`${change.to} is well`, goOn(host.running, host.isStopped)];
      const failing = spend(world, "failures");
      if (failing === null) return [well];
      const failed = begin(failing, host, afterFailure(change, "unwell"));
      return [well, [`${change.to} is unwell`, failed]];
    }
    case "rolling_back":
      return [[`starts ${change.from} again`, goOn(change.from, host.isStopped)]];
    default:
      return [[change.step, goOn(host.running, host.isStopped)]];
  }
}

function report(world: World, host: Alive, change: Switch): [string, World][] {
  const { agent, name } = host;
  const { phase } = agent;
  const entry = current(name, {
    version: host.running,
    state: host.running === null ? "down" : "serving",
  });
  if (change.reason !== null && !change.hasSlot) return [["is done", finish(world, host)]];
  if (agent.registration !== "registered") return [];
  const reading = readingOf(world.tree);
  const slot = toSlot(change, current(name));
  const markers = world.tree.markers(entry, stagedOf(world.tree, host));
  const done = { service: SERVICE, entry, slot, epoch: agent.epoch, markers };
  const { view: { slots } } = reading;
  const places = placesOf(world.tree, host);
  // It begins with what it knows; where that is refused, it reads.
  const standing = slots.get(name);
  const slotVersion = world.tree.nodes().get(slotsPath(SERVICE, name))?.version;
  const view = change.hasSlot && standing !== undefined
    ? { slot, places }
    : { slot: standing, slotZnodeVersion: slotVersion, places };
  const operations = change.reason === null
    ? transactions.reportSwitch(view, done)
    : transactions.reportFailure(reading, { ...done, nowMs: 0 }).operations;
  return [["reports", ask(world, host, { operations, asked: { kind: "report" }, phase })]];
}

/** The switch is over. */
function finish(world: World, host: Alive): World {
  return withHost(world, {
    ...host,
    journal: null,
    isStopped: false,
    agent: { ...host.agent, phase: { kind: "idle" }, request: null },
  });
}

/** A request reaches the tree. `isAnswered`: and the agent hears what has become of it. */
function deliver(
  world: World,
  host: Alive,
  { isAnswered = false }: { readonly isAnswered?: boolean },
): World {
  const { request, phase } = host.agent;
  if (request === null) return world;
  const { operations, asked } = request;
  if (asked.kind === "pass_fence") checkStop(world, host, { operations, offline: asked.offline });
  else checkCommit(world, operations);
  const after = applied(world, operations, host.agent.session);
  const isDone = after !== null;
  const next = after ?? world;
  switch (asked.kind) {
    case "take_slot": {
      // After a lost answer it looks whether the slot stands.
      const { change } = asked;
      const standing = readingOf(next.tree).view.slots.get(host.name);
      const isTaken = isAnswered
        ? isDone
        : standing !== undefined && isSameSlot(standing, toSlot(change, current(host.name)));
      return isTaken ? begin(next, host, change) : idle(next, host);
    }
    case "pass_fence":
      if (isAnswered && isDone) return begin(next, host, { ...asked.change, step: "stopping" });
      return withAgent(next, host, {
        request: null,
        phase: { kind: "draining", change: asked.change, at: "fence" },
      });
    case "report":
      if (isAnswered && isDone) return finish(next, host);
      // Off the roster, or its entry is gone: it registers again before it reports.
      return withAgent(next, host, {
        request: null,
        phase,
        registration: isDone ? host.agent.registration : "none",
      });
    case "turn_back":
      return withHost(next, {
        ...host,
        journal: null,
        agent: { ...host.agent, phase: { kind: "idle" }, request: null },
      });
    case "change": {
      // What is refused for its epoch, as joining the queue, has the host register once more.
      const roster = next.tree.nodes().get(servicePath(SERVICE, host.name));
      const isOld = !isDone && roster?.version !== host.agent.epoch;
      const { registration } = host.agent;
      return withAgent(idle(next, host), host, {
        request: null,
        phase: { kind: "idle" },
        registration: isOld ? "none" : registration,
      });
    }
  }
}

function idle(world: World, host: Alive): World {
  return withAgent(world, host, { request: null, phase: { kind: "idle" } });
}

/** A request that never reached the tree, and the agent does not know that. */
function forgetRequest(world: World, host: Alive): World {
  const { request } = host.agent;
  if (request?.asked.kind === "turn_back") {
    return withHost(world, {
      ...host,
      journal: null,
      agent: { ...host.agent, phase: { kind: "idle" }, request: null },
    });
  }
  return withAgent(world, host, { request: null, phase: afterUnknown(host.agent) });
}

/** What operators may do. Who has paused, or finds a halt, resumes in the end. */
function verbs(world: World): Outcome[] {
  const outcomes: Outcome[] = [];
  const reading = readingOf(world.tree);
  const { control: entry, controlVersion: znodeVersion } = reading.view;
  if (entry === null) return outcomes;
  const add = (what: string, from: World | null, operations: transactions.Transaction) => {
    const after = from === null ? null : applied(from, operations, "operator");
    if (after !== null) outcomes.push({ what: `operator: ${what}`, isFault: true, world: after });
  };
  const control = { entry, znodeVersion };
  const word = { by: "operator", reason: null, sinceMs: 0 };
  const pause = pauseControl(entry, word);
  if (pause.kind === "change") {
    const operations = [transactions.setControl(control, pause.entry)];
    add("pause", spend(world, "pauses"), operations);
  }
  const resume = resumeControl(entry, word);
  if (resume.kind === "change") {
    const operations = [transactions.setControl(control, resume.entry)];
    const after = applied(world, operations, "operator");
    if (after !== null) outcomes.push({ what: "operator: resume", isFault: false, world: after });
  }
  const { wave } = reading.view;
  if (closedGate(wave) !== null && wave !== null && closedGate(wave)?.afterMs === undefined) {
    // Only a person opens it, and does so in the end.
    const opening = { by: "operator", how: "promoted", nowMs: 0, controlVersion: null };
    const opened = openGate(world.tree, wave.node, opening);
    const after = opened === null ? null : applied(world, opened, "operator");
    if (after !== null) outcomes.push({ what: "operator: promote", isFault: false, world: after });
  }
  if (reading.waves.length > 0) add("abort", spend(world, "aborts"), abort(world.tree, reading));
  for (const host of world.hosts) {
    const { name } = host;
    if (host.agent !== null || reading.view.current.has(name)) continue;
    const remains = {
      hasCounter: true,
      isOnRoster: reading.view.roster.includes(name),
      isMarkedNew: world.tree.nodes().has(newcomersPath(SERVICE, name)),
      places: placeNodes(SERVICE, name, PLACE).filter((path) => world.tree.nodes().has(path)),
      hasSlot: reading.view.slots.has(name),
      isForged: false,
      waves: [],
    };
    if (!remains.isOnRoster) continue;
    const forgets = spend(world, "forgets");
    if (forgets === null) continue;
    const forgotten = host.isStopped ? [...forgets.forgotten, name] : forgets.forgotten;
    add(
      `forget ${name}`,
      { ...forgets, forgotten },
      transactions.forgetHost(remains, { service: SERVICE, host: name }),
    );
  }
  for (const host of world.hosts) {
    const drained = reading.view.rosterEntries.get(host.name)?.drained;
    const operations = sayOfHost(world, host.name);
    if (operations === null) continue;
    if (drained === undefined) add(`drain ${host.name}`, spend(world, "drains"), operations);
    else {
      const after = applied(world, operations, "operator");
      const what = `operator: undrain ${host.name}`;
      if (after !== null) outcomes.push({ what, isFault: false, world: after });
    }
  }
  return outcomes;
}

/** Drains a host, within the budget, or has it put back; `null`: it may not be. */
function sayOfHost({ tree, left }: World, host: string): transactions.Transaction | null {
  const { view } = readingOf(tree);
  const of = { host, service: SERVICE };
  const word = { by: "operator", reason: null, sinceMs: left.drains };
  const entry = view.rosterEntries.get(host);
  const node = tree.node(servicePath(SERVICE, host));
  if (entry === undefined || node === null || !("version" in node)) return null;
  const roster = { entry, znodeVersion: node.version };
  if (entry.drained !== undefined) {
    const decision = decideUndrain(view, { ...of, word });
    return decision.kind === "refused"
      ? null
      : transactions.undrainHost({ roster }, { ...of, drained: decision.drained });
  }
  if (left.drains === 0 || decideDrain(view, { ...of, isForced: false }).kind === "refused") {
    return null;
  }
  const markers = [servingPath(SERVICE, host), ...areaMarkers(SERVICE, host, PLACE)]
    .filter((path) => tree.nodes().has(path));
  const { slotsVersion } = view;
  return transactions.drainHost({ roster, markers, slotsVersion }, { ...of, drained: word });
}

function abort(tree: MemoryTree, reading: ServiceReading): transactions.Transaction {
  const { view, service, offer, waves } = reading;
  const control = { entry: view.control, znodeVersion: view.controlVersion };
  const found = waves.flatMap(({ node }) => {
    const name = parseSequentialName(node);
    if (name === null) return [];
    return [{ name, entry: decodeWave(name, tree.node(wavePath(node)))?.entry ?? null }];
  });
  const aborted = { service, hasOffer: true, offered: offer };
  return transactions.abortRollout(
    { control, waves: found, services: new Map([[SERVICE, aborted]]), record: null },
    { by: "operator", nowMs: 0 },
  );
}
