/**
 * The invariants of docs/architecture.md, checked from outside: by what machines did, and by what the ensemble has
 * decided at that moment. None of the rules under test is used here.
 *
 * @module
 */

import {
  areaServingPath,
  type Control,
  type Current,
  currentPath,
  donePath,
  type Offer,
  type Policy,
  readyPath,
  type Roster,
  servingPath,
  type Slot,
  slotsPath,
  type Wave,
} from "../../../rollout/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import { budgetProblem, countOf, isCountedOn, type Limit, limitsFor, membersOf } from "./away.ts";
import type { ChangeObserver } from "./ensemble.ts";
import { FORCED } from "./operator.ts";
import { type Machine, NEW_VERSION, type RunningService } from "./machine.ts";
import type { Change, Replica } from "./replica.ts";
import { type FrozenTime, isFrozen, mustKnow } from "./freeze_truth.ts";
import { GateTruth } from "./gate_truth.ts";
import {
  type Difference,
  isHeld,
  type QueuedWave,
  type ServiceEntries,
  TreeMirror,
} from "./tree_mirror.ts";
import type { World } from "./world.ts";

/** What is checked, by the number of its invariant. */
export const CHECKS = {
  "I1 budget":
    "no admission, and no step past the fence, takes more hosts away than the budget, by all that whoever asked could know",
  "I1 concurrency": "no more hosts switch at once than the policy says",
  "I1 quarantine": "a host in quarantine counts as away, and is not admitted",
  "I1 down": "no more hosts are down for an upgrade than the budget",
  "I1 dependency":
    "no host that serves is admitted, or passes the fence, while a service that its own depends on is below its budget",
  "I1 drain":
    "no host is drained beyond the budget, or in a switch, unless by force; and who is drained is put back only when an operator wants that",
  "I1 counts": "the markers by which the hosts are counted say what the hosts' entries say",
  "I1 newcomers": "who has served is no newcomer, and who has not is one",
  "I2 order": "whoever is admitted is covered by the first wave of the queue",
  "I2 queue":
    "whoever is admitted in a wave while it serves is the first of the staging queue that the wave covers",
  "I2 gate":
    "no gate opens before its time, its check or an operator's word, and nobody is admitted before",
  "I2 freeze":
    "nobody is admitted while its service is frozen by its own clock, unless an operator wants that",
  "I2 finish": "a wave is not finished while more hosts than the budget are not on its version",
  "I2 restart": "a restart is not finished while processes from before it run",
  "I2 skip":
    "a host that an operator has left out of a version does not switch to it, and keeps the record of that",
  "I2 watch": "no wave is finished over a host whose version has crashed since its switch",
  "I3 quorum": "the quorum has the release when the first host is admitted",
  "I4 verified": "what is started is on the disk as it was verified",
  "I4 identity":
    "who switches in a wave starts the content that was rolled out, and the wave is finished with no other",
  "I5 slot": "a service that serves is stopped with a slot of its own",
  "I5 stands": "the slot of a host that is down for its switch stands",
  "I5 owner": "nobody but the machine that took a slot and an operator changes or removes it",
  "I6 admission": "nobody is admitted while control is not running",
  "I6 fence": "nobody goes on to stop a service while control is not running",
  "I6 step": "the slot of a host that is past its fence does not say again that it drains",
  "I6 words": "a pause stands until somebody resumes, and a halt until somebody resumes or aborts",
  "I7 end": "once the faults have stopped, the rollout ends and everybody serves",
  "I7 ready": "who has lost the release that it is queued for leaves the staging queue",
  "I7 late": "who cannot get a release that a wave brings is recorded as failed after its deadline",
  "I7 reason": "whoever halts a rollout says why",
  "I7 silence": "a wave that gets no further for as long as its policy allows halts the rollout",
  "I7 speech":
    "who is down, or has still to go while a rollout runs, says what it does or waits for",
  "I7 failures":
    "the failure that is one more than its plan allows on all services halts the rollout with it",
  "I7 freeze": "no host halts a rollout for want of progress that is frozen by its clock",
  "I7 drained":
    "who is drained is sent no work while its agent can see to it, and who is not drained is",
  "I7 halted": "no wave is finished while control is halted",
  "I7 rollback": "no host takes a rollout back that is not halted, or whose plan does not say so",
  "I7 newest": "the rollout that was started last is the one that is shown",
  "I7 roster": "whoever is online in the end is on the rosters of its services",
  "I8 withdrawn":
    "no host starts a version that was withdrawn before its agent, or what decides in it, began",
  "I8 popular":
    "a host takes a version that nobody has committed only with its wave or with most others",
  "I8 back": "after a rollback all hosts run what was committed before",
  "I9 alone": "no host that hears nothing from ZooKeeper stops a service",
  "I9 starts":
    "a machine that comes up and hears nothing from ZooKeeper starts what it ran, after a while",
  "I9 stays": "a host that runs a withdrawn version stays on it until the next rollout",
  "I10 locked": "what is started in a switch is locked in memory, where it has to be",
} as const;

/** The name of a check. */
export type Check = keyof typeof CHECKS;

/** An invariant that does not hold. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";

  constructor(
    /** What was checked. */
    readonly check: Check,
    what: string,
    /** The hosts that have to do with it, for the trace. */
    readonly hosts: readonly string[] = [],
  ) {
    super(`${check}: ${what}`);
  }
}

/** How long a start may take until it is known to be good or bad, in ms. */
const TRIAL_MS = 60_000;

/** How long before a start a change of a file may be too late to be seen, in ms: the release was compared just before. */
const UNSEEN_MS = 250;

/** How much later than its deadline a wave without progress may be halted, in ms: hosts look now and then, and come back first. */
const LATE_HALT_MS = 120_000;

/** How long a request of an agent that has died may still be on its way, in ms. */
const LATE_REQUEST_MS = 15_000;

/** How long a host may have nothing to say between two things that it does, in ms, and how often that is looked at. */
const SPEECHLESS_MS = 12_000;
const SPEECH_GAP_MS = 1_000;

/** How long a host must have been cut off to know so, in ms. */
const CUT_OFF_MS = 5_000;

/** How long a host may take until it is out of what sends it work, in ms: its agent looks at once. */
const DRAINED_MS = 10_000;

/** How long a start may be under way that was decided on when the tree could not be read, in ms. */
const ALONE_MS = 5_000;

/** How long it may take to start what a machine ran, in ms, once that is decided. */
const BEGIN_MS = 3_000;

/** How long a host may stay in the staging queue that has to prepare its release again, in ms. */
const LEAVES_MS = 8_000;

/** How long a crash may be unknown to the fleet, in ms: requests take seconds at most, and a halt is written at once. */
const UNTOLD_MS = 8_000;

/** How much longer than its policy says a host may take until it is recorded as late, in ms: tries that move, and pauses. */
const LATE_MS = 60_000;

/** A crash of the version that is being rolled out, on a host that has switched to it. */
interface Crash {
  readonly machine: Machine;
  readonly by: AgentProcess | null;
  readonly service: string;
  readonly version: string;
  readonly rollout: string | undefined;
  /** Since when its agent could have told. */
  atMs: number;
}

/** How long a host takes at most to go back to what it ran, when what it should start has failed before its process began, in ms. */
const WAY_BACK_MS = 1_000;

/** A service that an agent has stopped and that does not serve again yet. */
interface TakenDown {
  readonly machine: Machine;
  readonly service: string;
}

/** Watches a run, and says when an invariant does not hold. */
export class Invariants implements ChangeObserver {
  readonly tree = new TreeMirror();
  readonly gates = new GateTruth();
  /** When services are frozen, by service. */
  readonly frozen = new Map<string, FrozenTime>();
  readonly #world: World;
  readonly #sessionPlaces = new Map<bigint, string>();
  /** The machine that has registered last under each host's name, by service and host. */
  readonly #bearers = new Map<string, string>();
  readonly #takenDown = new Map<string, TakenDown>();
  /** When each version was withdrawn, by service and version. */
  readonly #withdrawnMs = new Map<string, number>();
  /** Slots that were at or past their fence when control was running, by service and host. */
  readonly #fenced = new Set<string>();
  /** Hosts past their fence that an operator has forgotten, by service and host. */
  readonly #excused = new Set<string>();
  /** Nodes that somebody has made by hand where hosts are counted. */
  readonly #strays = new Set<string>();
  /** The machine that took each slot, by service and host. */
  readonly #slotPlaces = new Map<string, string>();
  /** The version that each host was left out of by an operator, by service and host. */
  readonly #skipped = new Map<string, string>();
  /** When the restart that is on offer was asked for, by service. */
  readonly #restarts = new Map<string, number>();
  /** Since when a machine that never gets the new version could have told, by service and place. */
  readonly #lateMs = new Map<string, number>();
  /** Crashes that no record tells of yet, by service and place. */
  readonly #crashes = new Map<string, Crash>();
  /** The nodes of waves in which a host was admitted. */
  readonly #opened = new Set<string>();
  readonly #limitsAtAdmission = new Map<string, readonly Limit[]>();
  /** The limits within which each host was drained that served then, by service and host. */
  readonly #drainLimits = new Map<string, readonly Limit[]>();
  /** Since when each host is drained, and its agent could have seen to it, by service and host. */
  #drainedMs = new Map<string, number>();
  /** Slots as they were before somebody wrote over them by hand, by service and host. */
  readonly #overwritten = new Map<string, Slot>();
  /** The versions of each service that were committed, with the change by which they were. */
  readonly #committed = new Map<string, { readonly version: string; readonly at: number }[]>();
  /** The machines that have each release in full, or had it, by service and version. */
  readonly #staged = new Map<string, Set<string>>();
  /** The change with which the entry of a host has ended with its session, by service and host. */
  readonly #expiredAt = new Map<string, number>();
  /** Of these, hosts that were in quarantine. */
  readonly #expiredInQuarantine = new Set<string>();
  /** Since when each place in a staging queue is that of a host that lacks the release. */
  readonly #unreadyMs = new Map<string, number>();
  /** When it was last known that the tree cannot be read. */
  #unreadableMs = Number.NEGATIVE_INFINITY;
  #failure: InvariantViolation | null = null;
  /** How often each kind of transaction happened. */
  readonly transactions = new Map<string, number>();
  /** When the ensemble has decided something last. */
  lastChangeMs = 0;
  /** When something has brought the first wave further, as far as can be seen, or somebody has changed what it waits for. */
  #progressMs = 0;
  #isCalm = false;
  /** When it was looked last who says nothing, and since when each does, by service and host. */
  #spokenMs = 0;
  #speechlessMs = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The first violation; null if there was none. */
  get failure(): InvariantViolation | null {
    return this.#failure;
  }

  /** Notes a violation. The first one counts. */
  fail(check: Check, what: string, hosts: readonly string[] = []): void {
    if (this.#failure !== null || this.#world.skipped.has(check)) return;
    this.#failure = new InvariantViolation(check, what, hosts);
    this.#world.trace(null, `VIOLATION ${this.#failure.message}`);
  }

  /** A change has happened. */
  changed(change: Change, server: Replica): void {
    if (change.kind === "open_session") {
      for (const { id } of server.sessions.entries()) {
        if (this.#sessionPlaces.has(id)) continue;
        this.#sessionPlaces.set(id, change.client?.stream.link.places[0] ?? "");
      }
    }
    const differences = this.tree.differences(change, server);
    if (differences.length === 0) return;
    const place = this.#sessionPlaces.get(change.sessionId) ?? "";
    const isExpiry = change.kind === "end_session";
    for (const difference of differences) {
      this.#checkDifference(difference, { place, isExpiry, differences, change, server });
    }
    if (this.tree.isUnreadable) this.#unreadableMs = this.#world.time.nowMs;
    this.tree.take(differences);
    if (differences.some(isProgress)) this.#progressMs = this.#world.time.nowMs;
    for (const { kind, name } of differences) {
      if (kind !== "marker") continue;
      if (this.#isOperator(place)) this.#strays.add(name);
      else this.#strays.delete(name);
    }
    this.gates.noteQueue(this.tree, this.#world.time.nowMs);
    for (const { kind, service, name } of differences) {
      if (kind === "roster" || kind === "newcomer") this.#checkMembership(service, name);
      else if (kind === "placed") {
        this.#checkMembership(service, name.slice(name.lastIndexOf("/") + 1));
      }
      if (kind === "current" || kind === "roster") this.#checkCounts(service, name);
      else if (kind === "marker") this.#checkCounts(service, name.slice(name.lastIndexOf("/") + 1));
    }
    this.lastChangeMs = this.#world.time.nowMs;
  }

  #checkDifference(
    difference: Difference,
    by: {
      place: string;
      isExpiry: boolean;
      differences: readonly Difference[];
      change: Change;
      server: Replica;
    },
  ): void {
    const { kind, service, name, before, after } = difference;
    switch (kind) {
      case "slot": {
        const slot = {
          service,
          host: name,
          before: before as Slot | null,
          after: after as Slot | null,
        };
        if (this.#isOperator(by.place)) this.#checkWord(slot, by.differences);
        return this.#checkSlot(slot, by);
      }
      case "wave":
        if (before === null) this.#count("wave queued");
        if (after !== null) {
          return this.#checkGate(before as QueuedWave | null, after as Wave, by.place);
        }
        if (this.#isOperator(by.place)) return this.#count("wave aborted");
        if (by.differences.some(isNewRollout)) return this.#count("wave rolled back");
        this.#count("wave finished");
        return this.#checkFinish(before as Wave);
      case "control": {
        this.gates.noteControl();
        const { state, reason } = after as Control;
        if (isNewRollout(difference)) this.#checkRollBack(before as Control | null, by.place);
        this.#checkWords(before as Control | null, after as Control, by);
        if (state === (before as Control | null)?.state) return;
        this.#count(`control ${state}`);
        this.#world.trace(null, `control is ${state} by ${by.place}: ${reason}`);
        if (state === "halted" && before !== null) this.#checkPatience(by);
        if (state === "halted" && (reason ?? "") === "") {
          this.fail("I7 reason", `${by.place} halted the rollout without a reason`);
        }
        return;
      }
      case "service":
        this.#noteCommitted(service, after as ServiceEntries["entry"], by.server.applied);
        return this.#noteWithdrawn(service, after as ServiceEntries["entry"]);
      case "roster":
        this.#checkNewcomer(difference, by.differences);
        this.#checkDrain(difference, by);
        if (before === null) return this.#count("host joined");
        return this.#count(after === null ? "host forgotten" : "host enrolled");
      case "newcomer":
        return;
      case "current": {
        const key = `${service} ${name}`;
        if (after === null && by.isExpiry) this.#expiredAt.set(key, by.server.applied);
        else this.#expiredAt.delete(key);
        if (after !== null && !this.#isOperator(by.place)) this.#bearers.set(key, by.place);
        const wasQuarantined = (before as Current | null)?.quarantined !== undefined;
        if (after === null && wasQuarantined) this.#expiredInQuarantine.add(key);
        else this.#expiredInQuarantine.delete(key);
        if (after === null) return this.#count(by.isExpiry ? "host expired" : "host left");
        const [was, is] = [before as Current | null, after as Current];
        if (was === null) return this.#count("host registered");
        if (was.quarantined === undefined && is.quarantined !== undefined) {
          this.#count("host quarantined");
        }
        this.#count(was.state === is.state ? "entry written" : `entry ${is.state}`);
        return;
      }
      case "staged": {
        const place = after as { readonly host: string; readonly version: string } | null;
        // It may lose the release before it is looked at for the first time, and be the last to know.
        if (place !== null) this.#hasRelease(service, place.version, place.host);
        return this.#count(place === null ? "left the queue" : "joined the queue");
      }
      case "rollout":
        if (before === null) this.#count("rollout started");
        return;
      case "offer": {
        const { restart } = (after ?? {}) as Partial<Offer>;
        if (restart === undefined) this.#restarts.delete(service);
        else if ((before as Offer | null)?.restart !== restart) {
          this.#restarts.set(service, this.#world.time.nowMs);
        }
        return;
      }
      case "marker":
        return;
    }
  }

  /** What a person or a failure has said to the fleet is not taken back by somebody else's word about something else. */
  #checkWords(
    before: Control | null,
    after: Control,
    { place, differences }: { place: string; differences: readonly Difference[] },
  ): void {
    // Written over by hand: who puts a good entry in its place knows nothing of it.
    if (before?.state === undefined || after.state === undefined) return;
    const isAbort = differences.some(({ kind, after }) => kind === "wave" && after === null);
    const isResume = this.#isOperator(place) && !isAbort && after.state === "running";
    const pauseIn = ({ state, sinceMs, paused }: Control) =>
      state === "paused" ? sinceMs : state === "halted" ? paused?.sinceMs : undefined;
    const [was, is] = [pauseIn(before), pauseIn(after)];
    if (was !== undefined && was !== is && !isResume) {
      this.fail("I6 words", `${place} lifts the pause by ${before.by}: ${after.state} now`);
    }
    const isHaltLifted = before.state === "halted" && after.state !== "halted";
    if (isHaltLifted && !isResume && !isAbort) {
      this.fail("I6 words", `${place} lifts the halt by ${before.by}: ${after.state} now`);
    }
  }

  /** Only operators begin rollouts, and hosts the rollback of one that is halted and to be rolled back. */
  #checkRollBack(before: Control | null, place: string): void {
    if (this.#isOperator(place)) return;
    this.#count("rolled back by a host");
    if (before?.state === "halted" && before.onFailure === "rollback") return;
    this.fail("I7 rollback", `${place} takes a rollout back while control is ${before?.state}`, [
      place,
    ]);
  }

  /** A host is counted as a newcomer if it is one, else where it stands. */
  #checkMembership(service: string, host: string): void {
    const { roster, newcomers, countedAsNew, places, placeNodes } = this.tree.of(service);
    if (countedAsNew.has(host) !== newcomers.has(host)) {
      this.fail("I1 counts", `${host} is counted wrong among the newcomers to ${service}`, [host]);
    }
    const { site, rack } = places.get(host) ?? {};
    const isMember = roster.has(host) && !newcomers.has(host);
    const wanted = isMember ? [site, `${rack}@${site}`] : [];
    const areas = [...placeNodes].filter((path) => path.endsWith(`/${host}`))
      .map((path) => path.split("/").at(-2)).filter((area) => area !== service);
    const isPlaced = placeNodes.has(`/dc/placed/${service}/${host}`);
    if (isPlaced === isMember && areas.toSorted().join() === wanted.toSorted().join()) return;
    this.fail(
      "I1 counts",
      `${host} stands in ${wanted}, and is counted for ${service} in ${areas}`,
      [
        host,
      ],
    );
  }

  /** A host is counted as serving if it serves by its entry and has before, and as done with a wave only if it serves its version. */
  #checkCounts(service: string, host: string): void {
    const entries = this.tree.of(service);
    const { current, markers } = entries;
    const entry = current.get(host);
    if (entry === undefined) {
      const stray = [...markers].find((path) =>
        path.endsWith(`/${host}`) && !this.#strays.has(path)
      );
      if (stray !== undefined) {
        this.fail("I1 counts", `${stray} counts a host without an entry`, [host]);
      }
      return;
    }
    const { state, version, quarantined } = entry;
    // An entry that was written over by hand says nothing until its host writes it again.
    if (state === undefined) return;
    const isServing = state === "serving" && quarantined === undefined;
    const { site, rack } = entries.places.get(host) ?? {};
    const serving = [
      servingPath(service, host),
      ...[site ?? "", `${rack}@${site}`].map((area) => areaServingPath(service, area, host)),
    ];
    const isCounted = isCountedOn(entries, host);
    if (serving.some((path) => markers.has(path) !== isCounted)) {
      this.fail(
        "I1 counts",
        `${host} is ${state} by its entry for ${service}, and counted wrong`,
        [host],
      );
    }
    for (const { tally, version: wanted } of this.tree.waves.values()) {
      const done = tally === undefined ? null : donePath(service, tally, host);
      if (done === null || !markers.has(done) || this.#strays.has(done)) continue;
      if (isServing && version === wanted) continue;
      this.fail(
        "I1 counts",
        `${host} is ${state} with ${service} ${version}, and counted as done`,
        [host],
      );
    }
  }

  #checkSlot(
    slot: { service: string; host: string; before: Slot | null; after: Slot | null },
    { place, change, differences }: {
      place: string;
      change: Change;
      differences: readonly Difference[];
    },
  ): void {
    const { service, host, after } = slot;
    const key = `${service} ${host}`;
    // What was written over by hand stands for its host, which writes it again.
    const before = slot.before !== null && slot.before.step === undefined
      ? this.#overwritten.get(key) ?? null
      : slot.before;
    if (after !== null && after.step === undefined) {
      if (before === null) this.#overwritten.delete(key);
      else this.#overwritten.set(key, before);
      // Nobody can tell whose it is: who bears the name decides, also where that is a clone of the one that has taken it.
      this.#slotPlaces.delete(key);
      return;
    }
    const wasHeld = before !== null && isHeld(before);
    // What was written over by hand says nothing of it any more.
    if (slot.before?.skipped !== undefined && after === null) {
      this.#checkSkipEnds(slot.before, service, place);
    }
    // What has happened before a record, or a new switch, is told, or past.
    this.#forgetCrashes(service, host);
    if (after?.step === "failed") {
      const isFailure = after.skipped === undefined && !this.#isOperator(place);
      if (isFailure) {
        this.#checkFailures({ service, host, slot: after }, differences);
        this.#checkFailuresInWave({ service, host, slot: after }, differences);
      }
      if (!wasHeld) this.#count(`failure recorded: ${after.cause}`);
      if ((after.reason ?? "") === "") {
        this.fail(
          "I7 reason",
          `${host} has failed to run ${service} ${after.to} without a reason`,
          [
            host,
          ],
        );
      }
    }
    const isTaken = after !== null && isHeld(after);
    const isAnother = wasHeld && isTaken &&
      (before.to !== after.to || before.sinceMs !== after.sinceMs);
    this.#checkOwner(slot, place, { isTaken });
    if (isTaken && (!wasHeld || isAnother)) {
      this.#count(isAnother ? "slot replaced" : "slot taken");
      this.#world.trace(this.#machineAt(place), `${service}: slot to ${after.to} by ${host}`);
      this.#fenced.delete(key);
      this.#excused.delete(key);
      this.#limitsAtAdmission.set(key, this.#limits(service, host));
      if (this.#isSkipped(service, after.to, host)) {
        this.fail("I2 skip", `${host} was left out, and switches ${service} to ${after.to}`, [
          host,
        ]);
      }
      this.#checkFreeze({ service, host, slot: after, place });
      return this.#checkAdmission({ service, host, slot: after, change });
    }
    if (wasHeld && isTaken) {
      this.#count(`step ${after.step}`);
      if (after.step === "draining" && before.step !== "draining") {
        this.fail("I6 step", `${host} drains ${service} by its slot, and was ${before.step}`, [
          host,
        ]);
      }
      if (before.step !== "stopping" && after.step === "stopping") {
        this.#checkBudget({ service, host, wave: after.wave, change, what: "goes on to stop" });
        if (this.tree.control?.state === "running") this.#fenced.add(key);
        else {
          this.fail(
            "I6 fence",
            `${host} goes on to stop ${service} while control is ${this.tree.control?.state}`,
            [host],
          );
        }
      }
      return;
    }
    if (!wasHeld) return;
    this.#count(after === null ? "slot given back" : "slot failed");
    this.#world.trace(
      this.#machineAt(place),
      `${service}: slot of ${host} ${after === null ? "goes" : `failed: ${after.reason}`}`,
    );
    if (after !== null) {
      this.#forgetTakenDown(service, host);
      return;
    }
    if (this.#isOperator(place)) {
      // The operator says that the host is dead for good. If it is not and was past its fence, nothing can hold it up.
      if (this.#fenced.has(key)) this.#excused.add(key);
      this.#forgetTakenDown(service, host);
      return;
    }
  }

  /** An operator's word about a host takes no slot away from a machine that is there. */
  #checkWord(
    { service, host, before, after }: {
      service: string;
      host: string;
      before: Slot | null;
      after: Slot | null;
    },
    differences: readonly Difference[],
  ): void {
    const key = `${service} ${host}`;
    if (after?.skipped !== undefined) {
      this.#count("host skipped");
      this.#skipped.set(key, after.to);
    } else if (before !== null && this.#skipped.delete(key)) this.#count("host tried again");
    // Written by hand, before or now.
    if (before?.step === undefined || (after !== null && after.step === undefined)) return;
    if (!isHeld(before)) return;
    const isForgotten = differences.some(({ kind, name, after }) =>
      kind === "roster" && name === host && after === null
    );
    const there = this.tree.of(service).current.get(host);
    const isThere = there !== undefined && there.machine?.id === before.machine?.id &&
      there.machine?.boot === before.machine?.boot;
    if (!isForgotten && isThere) {
      this.fail(
        "I5 owner",
        `an operator takes the slot of ${host} for ${service}, which is there`,
        [
          host,
        ],
      );
    }
  }

  /** A host takes what an operator has said of it back only where its version is nobody's any more, or runs there. */
  #checkSkipEnds({ host, to, infoHash, restart }: Slot, service: string, place: string): void {
    if (this.#isOperator(place)) return;
    const { entry } = this.tree.of(service);
    const waves = [...this.tree.waves.values()].filter((wave) => wave.service === service);
    const isWanted = [entry?.committed ?? null, ...waves].some((one) =>
      one !== null && one.version === to && one.infoHash === infoHash &&
      (restart === undefined || one.restart === restart)
    );
    const running = this.#bearerOf(service, host)?.runningOf(service)?.version;
    if (!isWanted || running === to) return;
    this.fail("I2 skip", `${host} forgets that it was left out of ${service} ${to}`, [host]);
  }

  /** Whether an operator has left a host out of that version. */
  #isSkipped(service: string, version: string, host: string): boolean {
    return this.#skipped.get(`${service} ${host}`) === version &&
      this.tree.of(service).slots.get(host)?.skipped !== undefined;
  }

  /** A clone, or who had the name before, is another machine: its slot is not its namesake's to use, to end or to replace. */
  #checkOwner(
    { service, host, before, after }: {
      service: string;
      host: string;
      before: Slot | null;
      after: Slot | null;
    },
    place: string,
    { isTaken }: { isTaken: boolean },
  ): void {
    const key = `${service} ${host}`;
    const wasHeld = before !== null && isHeld(before);
    const owner = this.#slotPlaces.get(key) ?? place;
    if (wasHeld && owner !== place && !this.#isOperator(place)) {
      const what = after === null ? "removes" : "changes";
      this.fail("I5 owner", `${place} ${what} the slot of ${owner} for ${service}`, [owner, place]);
    }
    const isUnowned = !this.#slotPlaces.has(key);
    if (isTaken && (!wasHeld || isUnowned)) this.#slotPlaces.set(key, place);
    if (!isTaken) this.#slotPlaces.delete(key);
  }

  /** All failures of a rollout count, on whichever service, if its plan says how many there may be. */
  #checkFailures(
    { service, host, slot }: { service: string; host: string; slot: Slot },
    differences: readonly Difference[],
  ): void {
    const { control, services } = this.tree;
    const allowed = control?.maxFailures;
    const offered = (name: string) => services.get(name)?.offer ?? {};
    const isOfRollout = (name: string, { to, infoHash }: Pick<Slot, "to" | "infoHash">) =>
      offered(name).rollout === control?.rollout && offered(name).version === to &&
      offered(name).infoHash === infoHash;
    const isUnwanted = slot.cause === "preparation" && slot.wave === null ||
      this.tree.of(service).entry?.withdrawn.includes(slot.to) === true;
    if (allowed === undefined || isUnwanted || !isOfRollout(service, slot)) return;
    const failed = new Set([`${service} on ${host}`]);
    for (const [name, { slots }] of services) {
      for (const [other, record] of slots) {
        if (record.step !== "failed" || record.skipped !== undefined) continue;
        if (isOfRollout(name, record)) failed.add(`${name} on ${other}`);
      }
    }
    if (failed.size <= allowed) return;
    if (control?.state === "halted" || isHaltedBy(differences)) {
      return this.#count("failure beyond the plan's");
    }
    this.fail(
      "I7 failures",
      `${[...failed]} have failed, the plan allows ${allowed}, and nobody has halted`,
      [host],
    );
  }

  /** No more failures of a wave's hosts than it allows, if it says how many there may be, without a halt. */
  #checkFailuresInWave(
    { service, host, slot }: { service: string; host: string; slot: Slot },
    differences: readonly Difference[],
  ): void {
    const { control, waves } = this.tree;
    const wave = waves.get(slot.wave ?? "");
    const entries = this.tree.of(service);
    const isWithdrawn = entries.entry?.withdrawn.includes(slot.to) === true;
    if (wave?.maxFailures === undefined || isWithdrawn || wave.version !== slot.to) return;
    const others = [...entries.slots].filter(([, record]) =>
      record.step === "failed" && record.wave === slot.wave && record.skipped === undefined &&
      record.to === slot.to && record.infoHash === slot.infoHash
    ).map(([name]) => name);
    const failed = new Set([...others, host]);
    if (failed.size <= wave.maxFailures) return;
    if (control?.state === "halted" || isHaltedBy(differences)) {
      return this.#count("failure beyond the wave's");
    }
    this.fail(
      "I7 failures",
      `${[
        ...failed,
      ]} have failed in ${slot.wave}, it allows ${wave.maxFailures}, and nobody has halted`,
      [host],
    );
  }

  /** Whether the service is frozen by the clock of some machine that is on. */
  #isFrozen(service: string): boolean {
    const frozen = this.frozen.get(service);
    // The first version goes everywhere at any time.
    if (frozen === undefined || this.tree.of(service).entry?.policy.freeze === undefined) {
      return false;
    }
    return this.#world.machines.some((machine) =>
      machine.isOn && isFrozen(frozen, machine.wall, this.#world.time.nowMs)
    );
  }

  /** Whether any service is frozen by the clock of some machine that is on. */
  isAnyFrozen(): boolean {
    return [...this.frozen.keys()].some((service) => this.#isFrozen(service));
  }

  /** Whether a machine must have known that a service is frozen when it made a decision that has just come in. */
  #mustKnowFreeze(service: string, place: string): boolean {
    const frozen = this.frozen.get(service);
    const machine = this.#machineAt(place);
    return frozen !== undefined && machine !== null &&
      this.tree.of(service).entry?.policy.freeze !== undefined &&
      mustKnow(frozen, machine.wall, this.#world.time.nowMs);
  }

  #checkFreeze(
    { service, host, slot, place }: {
      service: string;
      host: string;
      slot: Slot;
      place: string;
    },
  ): void {
    if (!this.#mustKnowFreeze(service, place)) return;
    const wave = slot.wave === null ? undefined : this.tree.waves.get(slot.wave);
    if (wave?.ignoresFreeze !== undefined) return this.#count("slot taken in a freeze");
    this.fail("I2 freeze", `${host} was admitted for ${service} ${slot.to}, which is frozen`, [
      host,
    ]);
  }

  /** A halt that comes with no failure, and not from a gate, is one for want of progress. */
  #checkPatience(
    { place, differences }: { place: string; differences: readonly Difference[] },
  ): void {
    const { firstWave } = this.tree;
    const isFailure = differences.some(({ kind }) => kind === "slot");
    if (firstWave === null || isFailure || this.tree.isParallel) return;
    if (firstWave.ignoresFreeze !== undefined || !this.gates.isOpen(firstWave)) return;
    if (!this.#mustKnowFreeze(firstWave.service, place)) return;
    this.fail("I7 freeze", `${place} halts ${firstWave.node} for want of progress in a freeze`, [
      place,
    ]);
  }

  #checkAdmission(
    { service, host, slot, change }: {
      service: string;
      host: string;
      slot: Slot;
      change: Change;
    },
  ): void {
    const entries = this.tree.of(service);
    const policy = entries.entry?.policy;
    if (policy === undefined) return;
    const { control } = this.tree;
    if (control?.state !== "running") {
      this.fail(
        "I6 admission",
        `${host} was admitted for ${service} while control is ${control?.state}`,
        [
          host,
        ],
      );
    }
    if (slot.wave !== null) this.#checkOrder({ service, host, slot, policy, change });
    if (entries.current.get(host)?.quarantined !== undefined) {
      this.fail("I1 quarantine", `${host} was admitted for ${service} in quarantine`, [host]);
    }
    const isServing = entries.current.get(host)?.state === "serving";
    // What was left behind before the committed version came, or was rolled back, is no place to stay.
    const { withdrawn = [], abandoned = withdrawn } = entries.entry ?? {};
    const isWithdrawn = abandoned.includes(slot.from ?? "");
    if (slot.wave === null && isServing && isWithdrawn) {
      this.fail(
        "I9 stays",
        `${host} was admitted for ${service} ${slot.to} outside of any wave, and runs ${slot.from}`,
        [host],
      );
    }
    const holders = [...entries.slots].filter(([other, held]) => other !== host && isHeld(held));
    if (slot.from !== null && holders.length >= policy.maxConcurrent) {
      this.fail(
        "I1 concurrency",
        `${host} was admitted for ${service} while ${
          holders.map(([other]) => other)
        } switch, at most ${policy.maxConcurrent} may`,
        [host, ...holders.map(([other]) => other)],
      );
    }
    this.#checkBudget({ service, host, wave: slot.wave, change, what: "was admitted for" });
  }

  /**
   * Checks that a host that serves may be away, by all that its decision could know. Whoever is away or back moves the counter
   * on that the transaction sets at the version that was read, so it knows all of that; but for those whose session has ended
   * since that reading, since the end of a session moves no counter on.
   */
  #checkBudget(
    { service, host, wave, change, what }: {
      service: string;
      host: string;
      wave: string | null;
      change: Change;
      what: string;
    },
  ): void {
    const entries = this.tree.of(service);
    const { policy } = entries.entry ?? {};
    if (policy === undefined || !isCountedOn(entries, host)) return;
    // Who depends on the service reads its counter, too; but not how many are online.
    const knownUntil = change.readings?.appliedAt(slotsPath(service), currentPath(service)) ??
      Number.POSITIVE_INFINITY;
    const isUnread = (other: string) =>
      (this.#expiredAt.get(`${service} ${other}`) ?? 0) > knownUntil;
    this.#checkDependencies({ service, host, wave, change, what });
    const problem = budgetProblem(entries, { host, policy, isUnread });
    if (problem === null) return;
    this.fail("I1 budget", `${host} ${what} ${service} while ${problem.what}`, [
      host,
      ...problem.hosts,
    ]);
  }

  /**
   * Checks that no service that this one depends on has more hosts down than its own budget, unless the wave takes hosts back.
   * The end of a session moves no counter on, here as well.
   */
  #checkDependencies(
    { service, host, wave, change, what }: {
      service: string;
      host: string;
      wave: string | null;
      change: Change;
      what: string;
    },
  ): void {
    const entries = this.tree.of(service);
    if (this.tree.waves.get(wave ?? "")?.rollsBack === true) return;
    for (const other of entries.entry?.dependsOn ?? []) {
      const needed = this.tree.of(other);
      const { policy } = needed.entry ?? {};
      if (policy === undefined) continue;
      // Where it was read by itself, no session's end counts.
      const read = change.readings?.appliedAt(slotsPath(other), currentPath(service));
      const knownUntil = read === Number.POSITIVE_INFINITY ? 0 : read ?? Number.POSITIVE_INFINITY;
      const down = membersOf(needed).filter((one) =>
        !isCountedOn(needed, one) && (this.#expiredAt.get(`${other} ${one}`) ?? 0) <= knownUntil
      );
      const [limit] = limitsFor(needed, host, policy);
      if (limit === undefined || down.length <= limit.count) continue;
      this.fail(
        "I1 dependency",
        `${host} ${what} ${service} while ${down} do not serve ${other}, on which it depends, and ` +
          `whose budget is ${limit.count}`,
        [host, ...down],
      );
    }
  }

  /** A host is a newcomer from when it joins the roster until it serves. */
  #checkNewcomer(
    { service, name, before, after }: Difference,
    differences: readonly Difference[],
  ): void {
    const wasNew = this.tree.of(service).newcomers.has(name);
    const isNew = (after as Roster | null)?.newcomer === true;
    if (before !== null && isNew && !wasNew) {
      this.fail("I1 newcomers", `${name} is a newcomer to ${service}, and was on the roster`, [
        name,
      ]);
    }
    if (after === null || isNew || !wasNew) return;
    this.#count("first service");
    const written = differences.find((one) =>
      one.kind === "current" && one.service === service && one.name === name
    );
    if ((written?.after as Current | undefined)?.state === "serving") return;
    this.fail("I1 newcomers", `${name} is no newcomer to ${service}, and has not served`, [name]);
  }

  /** A drain takes no more hosts away than the budget, by all that the operator could know; and only its agent puts a host back. */
  #checkDrain(
    { service, name: host, after }: Difference,
    { place, change }: { place: string; change: Change },
  ): void {
    const entries = this.tree.of(service);
    const before = entries.drained.get(host);
    const drained = (after as Roster | null)?.drained;
    const key = `${service} ${host}`;
    if (drained === undefined) {
      this.#drainLimits.delete(key);
      if (before === undefined || after === null) return;
      this.#count("host put back");
      if (before.ended !== undefined) return;
      this.fail("I1 drain", `${host} is put back for ${service}, and nobody has said so`, [host]);
      return;
    }
    if (!this.#isOperator(place)) return;
    if (drained.ended !== undefined) return this.#count("host to be put back");
    const isForced = drained.reason === FORCED;
    this.#count(isForced ? "host drained by force" : "host drained");
    if (isForced || !isCountedOn(entries, host)) return;
    const { policy } = entries.entry ?? {};
    if (policy === undefined) return;
    this.#drainLimits.set(key, this.#limits(service, host));
    if (isHeld(entries.slots.get(host))) {
      this.fail("I1 drain", `${host} is drained in the middle of its switch of ${service}`, [host]);
    }
    const knownUntil = change.readings?.appliedAt(slotsPath(service), currentPath(service)) ??
      Number.POSITIVE_INFINITY;
    const isUnread = (other: string) =>
      (this.#expiredAt.get(`${service} ${other}`) ?? 0) > knownUntil;
    const problem = budgetProblem(entries, { host, policy, isUnread });
    if (problem === null) return;
    this.fail("I1 drain", `${host} is drained for ${service} while ${problem.what}`, [
      host,
      ...problem.hosts,
    ]);
  }

  /** Whether a host is in quarantine, or its session has ended with that after whoever asks has read. */
  #isQuarantined(service: string, host: string, change: Change): boolean {
    const entry = this.tree.of(service).current.get(host);
    if (entry !== undefined) return entry.quarantined !== undefined;
    const key = `${service} ${host}`;
    const knownUntil = change.readings?.appliedAt(slotsPath(service), currentPath(service)) ??
      Number.POSITIVE_INFINITY;
    return this.#expiredInQuarantine.has(key) && (this.#expiredAt.get(key) ?? 0) > knownUntil;
  }

  #checkOrder(
    { service, host, slot, policy, change }: {
      service: string;
      host: string;
      slot: Slot;
      policy: Policy;
      change: Change;
    },
  ): void {
    const first = this.tree.nextWave(service);
    const isRight = first !== null && first.service === service && first.version === slot.to &&
      first.node === slot.wave && (first.hosts?.includes(host) ?? true);
    if (!isRight) {
      this.fail(
        "I2 order",
        `${host} was admitted for ${service} ${slot.to} of ${slot.wave}, first is ${first?.node}`,
        [host],
      );
      return;
    }
    this.#checkTurn({ service, host, first });
    if (!this.gates.isOpen(first)) {
      this.fail("I2 gate", `${host} was admitted for ${first.node}, whose gate is closed`, [host]);
    }
    const covered = [...this.tree.of(service).roster].filter((other) =>
      first.hosts?.includes(other) ?? true
    );
    // Who could not get it in time is not waited for: the record says so, and counts as a failure.
    const isRecorded = (other: string) => {
      const record = this.tree.of(service).slots.get(other);
      return record?.step === "failed" && record.to === slot.to;
    };
    const ready = covered.filter((other) =>
      this.#hasRelease(service, slot.to, other) || isRecorded(other) ||
      this.#isSkipped(service, slot.to, other)
    );
    // A share is one of those that take part. Of a wave that lists its hosts, all are meant to.
    const takingPart = covered.filter((other) =>
      first.hosts !== null || this.#isSkipped(service, slot.to, other) ||
      !this.#isQuarantined(service, other, change)
    );
    const needed = Math.max(1, countOf(policy.quorum, takingPart.length, "up"));
    // Once a wave is open, the quorum is what is counted, and so may be a node that somebody else has made (decision 025).
    const counted = this.#opened.has(first.node)
      ? ready.length + this.#straysReady(service, first)
      : ready.length;
    if (counted >= needed) this.#opened.add(first.node);
    else {
      this.fail(
        "I3 quorum",
        `${host} was admitted for ${service} ${slot.to} when ${ready} of ${covered} had it, ` +
          `the quorum is ${needed}`,
        covered,
      );
    }
  }

  /** How many nodes that are no host's are counted as ready for a wave. */
  #straysReady(service: string, { tally }: QueuedWave): number {
    if (tally === undefined) return 0;
    const parent = `${readyPath(service, tally)}/`;
    return [...this.#strays].filter((path) => path.startsWith(parent)).length;
  }

  /**
   * A host that is down or drained goes first; of the others, the first one that the wave covers and that still has to go. The place of
   * one that has gone stands until the session ends in which it was taken.
   */
  #checkTurn(
    { service, host, first }: { service: string; host: string; first: QueuedWave },
  ): void {
    const { staged, current, drained } = this.tree.of(service);
    if (current.get(host)?.state !== "serving" || drained.has(host)) return;
    const places = [...staged].filter(([, place]) => first.hosts?.includes(place.host) ?? true)
      .map(([node, place]) => ({ host: place.host, order: node.slice(node.lastIndexOf("-") + 1) }));
    const own = places.findLast((place) => place.host === host)?.order ?? "";
    const hasGone = (other: string) => current.get(other)?.version === first.version;
    const ahead = places.filter((place) =>
      place.host !== host && place.order < own && !hasGone(place.host)
    );
    if (own !== "" && ahead.length === 0) return;
    // Its last life has asked for the slot, and its place has gone with that one's session.
    const { startedMs = -Infinity } = this.#world.machinesNamed(host)[0]?.agent ?? {};
    if (own === "" && this.#world.time.nowMs - startedMs < LATE_REQUEST_MS) return;
    this.fail(
      "I2 queue",
      `${host} was admitted for ${service} ${own === "" ? "without a place in the queue" : ""}` +
        `before ${ahead.map((place) => place.host)}`,
      [host, ...ahead.map((place) => place.host)],
    );
  }

  /** Whether a host has a release, or had it at some time: it may have been damaged since. */
  #hasRelease(service: string, version: string, host: string): boolean {
    const key = `${service} ${version}`;
    let staged = this.#staged.get(key);
    if (staged === undefined) this.#staged.set(key, staged = new Set());
    for (const machine of this.#world.machinesNamed(host)) {
      if (machine.services.includes(service) && machine.diskOf(service).complete.has(version)) {
        staged.add(host);
      }
    }
    return staged.has(host);
  }

  #checkGate(before: QueuedWave | null, { gate }: Wave, place: string): void {
    if (before === null || gate?.opened === undefined || before.gate?.opened !== undefined) return;
    const isOperator = this.#isOperator(place);
    this.#count(isOperator ? "gate promoted" : "gate opened");
    const nowMs = this.#world.time.nowMs;
    const problem = this.gates.opened(before, { place, isOperator, nowMs });
    if (problem !== null) {
      this.fail("I2 gate", `${place} opened the gate before ${before.node}: ${problem}`, [place]);
    }
  }

  #checkFinish({ service, version, hosts, node }: Wave & { node?: string }): void {
    const entries = this.tree.of(service);
    const policy = entries.entry?.policy;
    if (policy === undefined) return;
    const holders = [...entries.slots].filter(([, slot]) => isHeld(slot)).map(([host]) => host);
    if (holders.length > 0) {
      this.fail("I2 finish", `${node} was finished while ${holders} switch`, holders);
    }
    const finished = this.tree.waves.get(node ?? "");
    if (finished !== undefined && !this.gates.isOpen(finished)) {
      this.fail("I2 gate", `${node} was finished, and its gate is closed`);
    }
    if (this.tree.control?.state === "halted") {
      this.fail("I7 halted", `${node} was finished while control is halted`);
    }
    const covered = [...entries.roster].filter((host) => hosts?.includes(host) ?? true);
    const failed = covered.filter((host) => {
      const slot = entries.slots.get(host);
      return slot?.step === "failed" && slot.to === version && slot.skipped === undefined;
    });
    const skipped = covered.filter((host) => this.#isSkipped(service, version, host));
    const behind = covered.filter((host) => {
      const machine = this.#bearerOf(service, host);
      return machine?.diskOf(service).current !== version;
    });
    this.#checkIdentity(service, version, covered);
    this.#checkCrashes(service, version);
    const allowedOf = (left: readonly string[]) =>
      countOf(policy.maxUnavailable, entries.roster.size, "down") +
      Math.min(failed.length, policy.maxFailures) +
      skipped.filter((host) => left.includes(host)).length;
    const sinceMs = this.#restarts.get(service);
    const old = sinceMs === undefined
      ? []
      : covered.filter((host) =>
        (this.#bearerOf(service, host)?.runningOf(service)?.startedMs ?? sinceMs) < sinceMs
      );
    if (sinceMs !== undefined) this.#count("restart finished");
    if (old.length > allowedOf(old)) {
      this.fail(
        "I2 restart",
        `the restart of ${service} was finished with ${old} as they were, ${
          allowedOf(old)
        } may be left behind`,
        old,
      );
    }
    const isLeftOut = hosts !== null && skipped.length === covered.length;
    if (behind.length > allowedOf(behind) || (behind.length === covered.length && !isLeftOut)) {
      this.fail(
        "I2 finish",
        `the wave of ${service} ${version} was finished without ${behind}, ${
          allowedOf(behind)
        } may be left behind`,
        behind,
      );
    }
  }

  /** A service has ended by itself. */
  crashed(machine: Machine, { service, version }: RunningService): void {
    const { agent, place } = machine;
    const { current, slots, offer, entry } = this.tree.of(service);
    if (offer?.version !== version || this.tree.waves.size === 0) return;
    // Nobody watches it: how it fares after its switch is no failure.
    if (entry?.policy.watchMs === 0) return;
    // A rollout of what was committed before is no trial of it.
    if (offer.replaces?.version === version) return;
    const slot = slots.get(machine.name);
    // A switch tells of it with its report, and a record of this version tells of one before.
    if (slot !== undefined && (isHeld(slot) || slot.to === version)) return;
    // What is still coming to itself after a start may end more than once.
    if (current.get(machine.name)?.state !== "serving") return;
    const key = `${service} ${place}`;
    if (this.#crashes.has(key)) return;
    const atMs = this.#world.time.nowMs;
    const { rollout } = offer;
    this.#crashes.set(key, { machine, by: agent, service, version, rollout, atMs });
  }

  /** A crash that the host's agent has seen, and could tell, has halted the rollout, or counts as a failure within its budget. */
  #checkCrashes(service: string, version: string): void {
    for (const [key, crash] of this.#crashes) {
      if (crash.service !== service || crash.version !== version) continue;
      const { machine, by, rollout, atMs } = crash;
      this.#crashes.delete(key);
      if (rollout !== this.tree.of(service).offer?.rollout) continue;
      if (machine.agent !== by || this.#world.time.nowMs - atMs <= UNTOLD_MS) continue;
      this.fail(
        "I2 watch",
        `the wave of ${service} ${version} was finished, and it has crashed on ${machine.place} since its switch`,
        [machine.place],
      );
    }
  }

  /** A machine that never gets the new version, and serves the old one meanwhile, says so in time. */
  #checkLate(): void {
    const { nowMs } = this.#world.time;
    for (const machine of this.#world.machines) {
      if (machine.obstacle === null) continue;
      const { name, place, agent } = machine;
      for (const service of machine.services) {
        const key = `${service} ${place}`;
        const { entry, offer, slots, current } = this.tree.of(service);
        const version = offer?.version ?? "";
        const isWaitedFor = [...this.tree.waves.values()].some((wave) =>
          wave.service === service && (wave.hosts?.includes(name) ?? true)
        );
        // Who is halted has time to mend it, and begins anew when an operator resumes.
        const isFit = agent !== null && !agent.isDisturbed && machine.slowness === 1 &&
          this.tree.control?.state === "running" &&
          !this.#world.isHindered(machine) && !this.tree.isUnreadable;
        const isLate = isFit && isWaitedFor && version === NEW_VERSION &&
          offer?.infoHash !== null && machine.isServing(service) && current.has(name) &&
          machine.runningOf(service)?.version !== version &&
          !machine.diskOf(service).complete.has(version) && !slots.has(name) &&
          this.#world.machinesNamed(name).length === 1;
        if (!isLate) {
          this.#lateMs.delete(key);
          continue;
        }
        const sinceMs = this.#lateMs.get(key);
        const allowedMs = (entry?.policy.preparation.stallMs ?? 0) + LATE_MS;
        if (sinceMs === undefined) this.#lateMs.set(key, nowMs);
        else if (nowMs - sinceMs > allowedMs) {
          this.fail(
            "I7 late",
            `${place} cannot get ${service} ${version} since ${
              nowMs - sinceMs
            } ms, and no record tells`,
            [place],
          );
        }
      }
    }
  }

  #forgetCrashes(service: string, host: string): void {
    for (const [key, { machine, service: of }] of this.#crashes) {
      if (of === service && machine.name === host) this.#crashes.delete(key);
    }
  }

  /** The same version published again with other content is another release. */
  #checkIdentity(service: string, version: string, hosts: readonly string[]): void {
    const { offer } = this.tree.of(service);
    if (offer?.version !== version) return;
    const strangers = hosts.filter((host) => {
      const machine = this.#bearerOf(service, host);
      if (machine === null || this.#isSkipped(service, version, host)) return false;
      const { current, complete } = machine.diskOf(service);
      return current === version && (complete.get(version)?.content || null) !== offer.infoHash;
    });
    if (strangers.length === 0) return;
    this.fail(
      "I4 identity",
      `the wave of ${service} ${version} was finished with other content on ${strangers}`,
      strangers,
    );
  }

  #wasUnreadable(): boolean {
    return this.tree.isUnreadable || this.#world.time.nowMs - this.#unreadableMs < ALONE_MS;
  }

  /** Whether an agent may start a version because it has not got to read the tree for long: what it ran. */
  #mayBeAlone(
    machine: Machine,
    { service, version, by }: { service: string; version: string; by: AgentProcess },
  ): boolean {
    const { current, journal } = machine.diskOf(service);
    const afterMs = machine.config.services[service]?.startAloneAfter ?? Infinity;
    const aliveMs = this.#world.time.nowMs - by.startedMs;
    return !by.hasRun(service) && aliveMs >= afterMs && [current, journal?.from].includes(version);
  }

  /** What a host starts by a wave is what the rollout has put on offer. */
  #checkContent(machine: Machine, service: string, version: string): void {
    const { offer } = this.tree.of(service);
    const content = machine.diskOf(service).complete.get(version)?.content || null;
    if (offer?.version !== version || offer.infoHash === content) return;
    this.fail(
      "I4 identity",
      `${machine.place} starts ${content} as ${service} ${version}, which is ${offer.infoHash}`,
      [machine.place],
    );
  }

  #noteWithdrawn(service: string, entry: ServiceEntries["entry"]): void {
    const withdrawn = entry?.withdrawn ?? [];
    for (const key of [...this.#withdrawnMs.keys()]) {
      const [of = "", version = ""] = key.split(" ");
      if (of === service && !withdrawn.includes(version)) this.#withdrawnMs.delete(key);
    }
    for (const version of withdrawn) {
      const key = `${service} ${version}`;
      if (!this.#withdrawnMs.has(key)) this.#withdrawnMs.set(key, this.#world.time.nowMs);
    }
  }

  #noteCommitted(service: string, entry: ServiceEntries["entry"], at: number): void {
    const version = entry?.committed?.version;
    if (version === undefined || version === this.tree.of(service).entry?.committed?.version) {
      return;
    }
    this.#count("version committed");
    this.#committed.set(service, [...this.#committed.get(service) ?? [], { version, at }]);
  }

  /** The version that was committed when an agent read the service last. */
  #committedWhenRead(service: string, agent: AgentProcess): string | undefined {
    const sessionId = agent.zookeeper?.sessionId ?? 0n;
    const readings = this.#world.ensemble.readBy(sessionId);
    const knownUntil = readings?.appliedAt(slotsPath(service), currentPath(service)) ??
      Number.POSITIVE_INFINITY;
    return this.#committed.get(service)?.findLast(({ at }) => at <= knownUntil)?.version;
  }

  /** An agent is about to start a service. */
  starting(
    machine: Machine,
    { service, version, by }: { service: string; version: string; by: AgentProcess },
  ): void {
    const { place, name } = machine;
    const folder = machine.diskOf(service).complete.get(version);
    const isVerified = folder !== undefined && !folder.isDamaged &&
      folder.verifiedGeneration === folder.generation;
    const isUnseen = folder !== undefined &&
      this.#world.time.nowMs - folder.changedMs < UNSEEN_MS;
    if (!isVerified && !isUnseen) {
      this.fail("I4 verified", `${place} starts ${service} ${version}, which is not verified`, [
        place,
      ]);
    }
    const slot = this.tree.of(service).slots.get(name);
    const isOwnSwitch = slot !== undefined && isHeld(slot);
    // A machine that has lost its journal, and hears nothing, does not know that it was in a switch.
    const isAlone = this.#mayBeAlone(machine, { service, version, by });
    const isToBeLocked = isOwnSwitch && slot.to === version && !isAlone;
    if (isToBeLocked && !machine.isPinnedOrExcused(service, version)) {
      this.fail("I10 locked", `${place} starts ${service} ${version}, which is not locked`, [
        place,
      ]);
    }
    if (isOwnSwitch && slot.to === version && this.tree.waves.has(slot.wave ?? "")) {
      this.#checkContent(machine, service, version);
    }
    // What this life of the agent has run already, it may start again; and after a failed start it goes back. Who cannot
    // read the tree starts what it ran.
    if (by.hasRun(service, version) || this.#wasUnreadable()) return;
    if (isAlone) return;
    const isWayBack = isOwnSwitch && (slot.step === "rolling_back" || slot.from === version);
    const withdrawnMs = this.#withdrawnMs.get(`${service} ${version}`);
    if (withdrawnMs !== undefined && withdrawnMs < by.coordinatorMs(service) && !isWayBack) {
      this.fail(
        "I8 withdrawn",
        `${place} starts ${service} ${version}, which was withdrawn before`,
        [place],
      );
    }
    if (by.hasRun(service)) return;
    // A host on which the new version has failed is back on the one from before, also after a reboot, until somebody decides.
    const hasGoneBack = slot !== undefined && !isHeld(slot) && slot.from === version;
    if (!isOwnSwitch && !hasGoneBack) this.#checkPopularity(machine, { service, version, by });
  }

  /** A host takes a version that nobody has committed only where the fleet goes: with its wave, or with most others. */
  #checkPopularity(
    machine: Machine,
    { service, version, by }: { service: string; version: string; by: AgentProcess },
  ): void {
    const { entry, roster } = this.tree.of(service);
    const committed = entry?.committed?.version;
    if (committed === undefined || committed === version) return;
    // From its last reading to the start nobody asks any more.
    if (this.#committedWhenRead(service, by) === version) return;
    // What it should start has failed before its process began, so it goes back to what it ran.
    const wasCommitted = this.#committed.get(service)?.some((one) => one.version === version);
    const hasFailed = this.#world.time.nowMs - by.failedMs < WAY_BACK_MS;
    if (hasFailed && wasCommitted || machine.isDiskFull) return;
    const first = this.tree.nextWave(service);
    const isCovered = first !== null && first.service === service && first.version === version &&
      (first.hosts?.includes(machine.name) ?? true);
    const others = [...roster].filter((host) =>
      host !== machine.name && this.#isOn(service, version, host)
    );
    if (isCovered || others.length * 2 >= roster.size - 1) return;
    this.fail(
      "I8 popular",
      `${machine.place} starts ${service} ${version}, which only ${others.length} of ` +
        `${roster.size} run and nobody has committed`,
      [machine.place, ...others],
    );
  }

  /** Whether a host has a version as its current one. */
  #isOn(service: string, version: string, host: string): boolean {
    return this.#world.machinesNamed(host).some((machine) =>
      machine.services.includes(service) && machine.diskOf(service).current === version
    );
  }

  /** An agent is about to stop a service. */
  stopping(machine: Machine, running: RunningService): void {
    const { service, version } = running;
    if (!machine.isServing(service)) return;
    const { name, place } = machine;
    const entries = this.tree.of(service);
    const slot = entries.slots.get(name);
    const key = `${service} ${name}`;
    if (!isHeld(slot) || this.#slotPlaces.get(key) !== place) {
      if (this.#excused.has(key) || this.#isUnreportedStart(running, entries, name)) return;
      // Somebody has written over its slot, which stands; its host writes it again with its next step.
      if (slot !== undefined && slot.step === undefined && isHeld(this.#overwritten.get(key))) {
        return;
      }
      if (machine.seemsHung(service)) return this.#count("hung service stopped");
      if (this.#hasResisted(machine, service)) return this.#count("stopped by the second try");
      this.fail("I5 slot", `${place} stops ${service} ${version} without a slot of its own`, [
        place,
      ]);
      return;
    }
    this.#takenDown.set(`${service} ${place}`, { machine, service });
    if (!this.#fenced.has(key)) {
      const { control } = this.tree;
      if (control?.state !== "running") {
        this.fail(
          "I6 fence",
          `${place} stops ${service} ${version} while control is ${control?.state}`,
          [
            place,
          ],
        );
      }
      if (this.#world.cutOffMs(machine) > CUT_OFF_MS) {
        this.fail(
          "I9 alone",
          `${place} stops ${service} ${version} without a word from ZooKeeper`,
          [
            place,
          ],
        );
      }
    }
    this.#checkDown(service, entries, name);
  }

  /** What was started without a slot, because nothing ran, is taken back without one if it does not come up. */
  #isUnreportedStart(running: RunningService, { current }: ServiceEntries, host: string): boolean {
    return !running.hadSlot && current.get(host)?.state !== "serving" &&
      this.#world.time.nowMs - running.startedMs < TRIAL_MS;
  }

  /** What could not be stopped on the way back runs on, though nobody counts on it: its host is down by its entry. */
  #hasResisted(machine: Machine, service: string): boolean {
    return machine.agent?.isDisturbed === true &&
      this.tree.of(service).current.get(machine.name)?.state === "down";
  }

  /** `stopped`: the host that has just been stopped. */
  #checkDown(service: string, entries: ServiceEntries, stopped: string): void {
    const isDown = (machine: Machine) => this.#takenDown.has(`${service} ${machine.place}`);
    // Who was drained beyond the budget, or was away then, may be down beside those for whom there is room.
    const machines = this.#world.machines.filter((machine) => {
      if (!entries.drained.has(machine.name)) return isDown(machine);
      const isInBudget = this.#drainLimits.has(`${service} ${machine.name}`);
      return isInBudget && (isDown(machine) || machine.isOut(service) && machine.isOn);
    });
    // A new rollout may allow less than the one by which a host was admitted that still holds its slot.
    const limits = [
      this.#limits(service, stopped),
      ...[...entries.slots.keys()].flatMap((host) => {
        const before = this.#limitsAtAdmission.get(`${service} ${host}`);
        return before === undefined ? [] : [before];
      }),
      ...[...entries.drained.keys()].flatMap((host) => {
        const before = this.#drainLimits.get(`${service} ${host}`);
        return before === undefined ? [] : [before];
      }),
    ];
    for (const where of new Set(limits.flatMap((all) => all.map((limit) => limit.where)))) {
      const all = limits.map((limit) => limit.find((one) => one.where === where));
      // Where one of them has no limit, there is none.
      if (all.some((limit) => limit === undefined)) continue;
      const allowed = Math.max(...all.map((limit) => limit?.count ?? 0));
      const down = machines.filter(({ name }) =>
        where === "the service" || all[0]?.hosts.includes(name)
      ).map(({ place }) => place);
      if (down.length <= allowed) continue;
      this.fail(
        "I1 down",
        `${down} are down for an upgrade of ${service}, the budget of ${where} is ${allowed}`,
        down,
      );
    }
  }

  #limits(service: string, host: string): readonly Limit[] {
    const entries = this.tree.of(service);
    const { policy } = entries.entry ?? {};
    return policy === undefined ? [] : limitsFor(entries, host, policy);
  }

  /** Whether a host holds a slot. */
  holdsSlot(service: string, host: string): boolean {
    return isHeld(this.tree.of(service).slots.get(host));
  }

  /** Checks what must hold of a machine that reaches no server since then. */
  checkCutOff(machine: Machine, sinceMs: number): void {
    const { agent } = machine;
    if (agent === null || agent.startedMs < sinceMs || agent.isDisturbed) return;
    const aliveMs = this.#world.time.nowMs - agent.startedMs;
    for (const service of machine.services) {
      const afterMs = machine.config.services[service]?.startAloneAfter ?? 0;
      if (aliveMs < afterMs + BEGIN_MS || agent.hasRun(service)) continue;
      const { current, complete, receipts } = machine.diskOf(service);
      const folder = complete.get(current ?? "");
      if (folder === undefined || receipts.get(current ?? "")?.generation !== folder.generation) {
        continue;
      }
      this.fail("I9 starts", `${machine.place} hears nothing and does not start ${service}`, [
        machine.place,
      ]);
    }
  }

  /** Checks who waits in the staging queue without what it is queued for. */
  checkQueues(): void {
    const { nowMs } = this.#world.time;
    for (const [service, { staged }] of this.tree.services) {
      for (const [node, { host, version }] of staged) {
        const machine = this.#machineAt(host);
        const isFit = machine !== null && machine.agent?.clock.isPaused === false &&
          !this.#world.isHindered(machine);
        const key = `${service} ${node}`;
        // A machine with a copy of its disk may have the name, and the place.
        const hasIt = this.#world.machinesNamed(host).some((one) =>
          one.diskOf(service).complete.has(version)
        );
        if (!isFit || hasIt) {
          this.#unreadyMs.delete(key);
          continue;
        }
        const sinceMs = this.#unreadyMs.get(key);
        if (sinceMs === undefined) this.#unreadyMs.set(key, nowMs);
        else if (nowMs - sinceMs > LEAVES_MS) {
          this.fail(
            "I7 ready",
            `${host} stays queued for ${service} ${version}, which it has lost`,
            [
              host,
            ],
          );
        }
      }
    }
  }

  /** Checks what must hold at every moment. */
  check(): void {
    this.#checkSilence();
    this.#checkSpeech();
    this.#checkDrained();
    this.#checkLate();
    for (const crash of this.#crashes.values()) {
      const { machine, by } = crash;
      const isHindered = by === null || by.isDisturbed || this.#world.isHindered(machine);
      if (isHindered || this.tree.isUnreadable) crash.atMs = this.#world.time.nowMs;
    }
    for (const [key, { machine, service }] of this.#takenDown) {
      if (machine.isServing(service)) {
        if (!machine.runningOf(service)?.isEnding) this.#takenDown.delete(key);
        continue;
      }
      if (isHeld(this.tree.of(service).slots.get(machine.name))) continue;
      this.#takenDown.delete(key);
      // The old version runs again, and what keeps it from serving is no matter of the switch.
      const running = machine.runningOf(service);
      if (running?.isBad && !running.isEnding && running.version === "v1") continue;
      this.fail(
        "I5 stands",
        `${machine.place} is down for its switch of ${service}, and its slot is gone`,
        [
          machine.place,
        ],
      );
    }
  }

  /** From now on nothing goes wrong any more. */
  becomeCalm(): void {
    this.#isCalm = true;
    this.#progressMs = this.#world.time.nowMs;
  }

  /** How long the first wave may get no further until it is halted, in ms; 0 if there is none. */
  mayStallMs(): number {
    const { firstWave } = this.tree;
    if (firstWave === null) return 0;
    return this.tree.of(firstWave.service).entry?.policy.progressDeadlineMs ?? 0;
  }

  #checkSilence(): void {
    const { firstWave, control } = this.tree;
    if (!this.#isCalm || firstWave === null || control?.state !== "running") return;
    const isWaiting = this.#isFrozen(firstWave.service) ||
      !this.#world.machines.some(({ isOn }) => isOn);
    if (isWaiting) this.#progressMs = this.#world.time.nowMs;
    const policy = this.tree.of(firstWave.service).entry?.policy;
    if (policy === undefined) return;
    const gateMs = this.gates.isOpen(firstWave) ? 0 : timeOf(firstWave.gate);
    const mostMs = policy.progressDeadlineMs + policy.bakeMs + policy.health.deadlineMs + gateMs;
    const silentMs = this.#world.time.nowMs - this.#progressMs;
    if (silentMs <= mostMs + LATE_HALT_MS) return;
    this.fail(
      "I7 silence",
      `${firstWave.node} has got no further for ${silentMs} ms, and nobody halts the rollout`,
    );
  }

  /** Whether a host's agent runs, and what it says gets through in time. */
  #canSpeak(host: string): boolean {
    return this.#world.machinesNamed(host).every((machine) => {
      const clock = machine.agent?.clock;
      return clock !== undefined && !clock.isDead && !clock.isPaused &&
        !this.#world.isHindered(machine);
    });
  }

  /** Who is online and does not serve what it should says what it does about it, or what it waits for. */
  #checkSpeech(): void {
    const { nowMs } = this.#world.time;
    if (nowMs - this.#spokenMs < SPEECH_GAP_MS) return;
    this.#spokenMs = nowMs;
    const { firstWave } = this.tree;
    // Anew at each look: who has been offline in between is silent from now on.
    const before = this.#speechlessMs;
    this.#speechlessMs = new Map();
    for (const [service, { current, roster }] of this.tree.services) {
      for (const [host, { state, version, waitingFor, preparation }] of current) {
        const wave = firstWave?.service === service ? firstWave : null;
        const isCovered = wave !== null && roster.has(host) &&
          (wave.hosts?.includes(host) ?? true);
        // Who cannot read the tree has nothing to decide, and may be waiting for an answer still.
        const isSilent = waitingFor === null && this.#canSpeak(host) && !this.tree.isUnreadable &&
          !WORKING.has(preparation?.phase ?? "") &&
          (state === "down" || isCovered && version !== wave.version);
        const key = `${service} ${host}`;
        if (!isSilent) continue;
        const sinceMs = before.get(key) ?? nowMs;
        this.#speechlessMs.set(key, sinceMs);
        if (nowMs - sinceMs <= SPEECHLESS_MS) continue;
        this.fail("I7 speech", `${host} is ${state} with ${service} ${version}, and says nothing`, [
          host,
        ]);
      }
    }
  }

  /** Who is drained, serves, and has an agent that can see to it is sent no work. */
  #checkDrained(): void {
    const { nowMs } = this.#world.time;
    const before = this.#drainedMs;
    this.#drainedMs = new Map();
    for (const [service, { drained, slots, current }] of this.tree.services) {
      for (const [host, { ended }] of drained) {
        const [machine, ...others] = this.#world.machinesNamed(host);
        const isSeenTo = machine !== undefined && others.length === 0 && ended === undefined &&
          this.#canSpeak(host) && machine.agent?.isDisturbed === false &&
          !isHeld(slots.get(host)) && machine.isServing(service) && !this.tree.isUnreadable &&
          // A hook that has failed is tried again much later.
          current.get(host)?.drained?.problem === undefined &&
          machine.config.services[service]?.drain !== undefined;
        const key = `${service} ${host}`;
        if (!isSeenTo || machine.isOut(service)) continue;
        const sinceMs = before.get(key) ?? nowMs;
        this.#drainedMs.set(key, sinceMs);
        if (nowMs - sinceMs <= DRAINED_MS) continue;
        this.fail("I7 drained", `${host} is drained, and is sent work for ${service}`, [host]);
      }
    }
  }

  #forgetTakenDown(service: string, host: string): void {
    for (const [key, one] of this.#takenDown) {
      if (one.service === service && one.machine.name === host) this.#takenDown.delete(key);
    }
  }

  #isOperator(place: string): boolean {
    return place === "admin";
  }

  /** The machine that bears a host's name: of one that is cut off while a clone has the name nobody can know. */
  #bearerOf(service: string, host: string): Machine | null {
    return this.#machineAt(this.#bearers.get(`${service} ${host}`) ?? host);
  }

  #machineAt(place: string): Machine | null {
    return this.#world.machines.find((machine) => machine.place === place) ?? null;
  }

  #count(what: string): void {
    this.transactions.set(what, (this.transactions.get(what) ?? 0) + 1);
  }
}

/** Whether control is halted by one of these changes. */
function isHaltedBy(differences: readonly Difference[]): boolean {
  return differences.some(({ kind, after }) =>
    kind === "control" && (after as Control).state === "halted"
  );
}

/** Phases of a preparation in which a host works. */
const WORKING: ReadonlySet<string> = new Set(["fetching", "verifying", "pinning", "switching"]);

/** Whether a change may bring a wave further: not the going and coming of hosts. */
function isProgress({ kind, after }: Difference): boolean {
  switch (kind) {
    case "wave":
    case "control":
    case "slot":
    case "roster":
      return true;
    case "marker":
      return after !== null;
    default:
      return false;
  }
}

/** How long a gate may be closed until somebody has to say something, in ms. A person may take as long as they like. */
function timeOf(gate: Wave["gate"]): number {
  if (gate?.afterMs === undefined && gate?.check === undefined) return Infinity;
  return (gate.afterMs ?? 0) + (gate.check?.withinMs ?? 0);
}

/** Whether a difference is the begin of another rollout. */
function isNewRollout({ kind, before, after }: Difference): boolean {
  if (kind !== "control" || after === null) return false;
  const { rollout } = after as Control;
  return rollout !== undefined && rollout !== (before as Control | null)?.rollout;
}
