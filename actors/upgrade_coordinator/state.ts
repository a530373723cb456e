/**
 * The upgrade coordinator's state between two messages, and small changes of it that all parts use.
 *
 * @module
 */

import { type Journal, thisHost } from "../../host/mod.ts";
import type {
  CensusReading,
  Current,
  Policy,
  QueueSize,
  Release,
  ReleaseIdentity,
  Slot,
} from "../../rollout/mod.ts";
import { CensusReader } from "../../coordination/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { ServiceStatus } from "../runner/messages.ts";
import type { ActorContext } from "../runtime/mod.ts";
import { type GateStopwatch, readStopwatch } from "./gate_stopwatch.ts";
import type { CoordinatorMessage, CoordinatorOptions } from "./messages.ts";
import { ReadingProblems } from "./reading_problems.ts";
import type { HostNow } from "./machine/next.ts";
import { type Attempt, describeOverdue } from "./machine/attempt.ts";
import { drainNow, type DrainState, NOT_DRAINED } from "./machine/drain.ts";
import type { Phase } from "./machine/phase.ts";
import { fromJournal } from "./machine/switch.ts";
import { type SeenTrouble, troubleNow } from "./machine/trouble.ts";

/** The coordinator's context. */
export type Context = ActorContext<CoordinatorMessage>;

/** What the functions of the coordinator work with besides its state. */
export interface Deps {
  readonly options: CoordinatorOptions;
  readonly context: Context;
}

/** What was told of readings that could not be acted on, and of changes of the tree that failed. */
export interface TreeProblems {
  /** The last one that was told. */
  last: string | null;
  /** When, on the monotonic clock. */
  toldMs: number;
  /** How many there were since. */
  untold: number;
}

/** The host's place in the staging queue. */
export interface Place {
  /** Name of its node. */
  readonly node: string;
  /** The release that it waits for. */
  readonly release: ReleaseIdentity;
  /**
   * The nodes before it that have not been found to be gone, in order; `null` until they are named. Whoever joins later is
   * behind it.
   */
  readonly ahead: readonly string[] | null;
  /** How many were named, and how large the queue was then; `null` until they are named, or if that is not known. */
  readonly named: { readonly aheadCount: number; readonly size: QueueSize } | null;
}

/** The coordinator's state; changed only while it handles a message. */
export interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  /** `null` until the runner has published the service's status. */
  status: ServiceStatus | null;
  /** The release of the version that should run; `null` if none should. */
  running: ReleaseIdentity | null;
  locked: ReadonlyMap<string, number>;
  /** Whether the host was found to run what the fleet runs since its session began. */
  hasRejoined: boolean;
  /** Whether a reading is under way. `isStale`: something has happened since it began. */
  isReading: boolean;
  isStale: boolean;
  /** Since when readings have failed with their connection, on the monotonic clock; `null` if the last one did not. */
  unreadSinceMs: number | null;
  /** Since when the host's entry in the tree has not said what is true, on the monotonic clock; `null` if it does. */
  untrueSinceMs: number | null;
  readonly census: CensusReader;
  /** Whether the next reading has to have everything that was written before: in a new session, and after a refusal. */
  isFreshNeeded: boolean;
  /** Whether the deploy queue has changed since the last reading began. */
  isQueueNew: boolean;
  /** Whether the next reading has to have all hosts, not only their numbers. */
  areAllNeeded: boolean;
  /** Whether, by the last reading, it depends on what each of the others runs what is started where nothing runs. */
  areVotesNeeded: boolean;
  /** What in the tree could not be read, as far as it was told. */
  readonly readingProblems: ReadingProblems;
  readonly problems: TreeProblems;
  /** What is under way. */
  phase: Phase;
  /** The release that is being prepared. */
  preparing: Release | null;
  /** The release that is on disk, verified and locked as asked. */
  prepared: Release | null;
  /** The tries to get a release ready, from the first one until it is. */
  attempt: Attempt | null;
  /** Those for the release that was wanted before that one: a host on which nothing runs may try two in turn. */
  attemptBefore: Attempt | null;
  /** The version of the control node that was halted when it was read first, and when that was, on the monotonic clock. */
  halt: { readonly controlVersion: number; readonly sinceMs: number } | null;
  /** What has happened to the release that runs, since that was well here; `null` if nothing has. */
  trouble: SeenTrouble | null;
  /** Since when the release runs that does, as far as this actor knows, on the monotonic clock. */
  ranSinceMs: number;
  /** Preparations, or starts, of `lastFailed` that failed in a row. */
  failures: number;
  /** The version that failed last. Only that version is held back by the retry timer. */
  lastFailed: string | null;
  /** What the entry says while that version is held back. */
  heldBackFor: string | null;
  /** What could not be prepared or started here, and until when a wave that covers the host goes before it. */
  unstarted: { readonly version: string; readonly untilMs: number } | null;
  /** The record by the last reading that this host has failed, or is left out; `null` if it had none. */
  record: Slot | null;
  /** The host's place in the staging queue; `null`: it has none; `undefined`: an earlier life of this actor may have left one. */
  place: Place | null | undefined;
  /** The places in the staging queue that were asked for with the reading that is under way, or was made last. */
  askedPlaces: readonly string[];
  /** The nearest place before it that stood with the last reading; `null`: none. */
  ahead: string | null;
  /** The hosts of the first wave, by the last reading; `null`: all, or it is another service's. */
  covered: readonly string[] | null;
  /** The hosts that were found to be away, of the service or of a rack or site (`area`), and when, on the monotonic clock. */
  away: {
    readonly area: string | null;
    readonly hosts: readonly string[];
    readonly atMs: number;
  } | null;
  /** The hosts that were found to be missing from the quorum of a wave, by its node, and when, on the monotonic clock. */
  missing: {
    readonly wave: string;
    readonly hosts: readonly string[];
    readonly atMs: number;
  } | null;
  /** The znode of the host that this one waits for in the staging queue, as far as it is watched. */
  predecessor: string | null;
  /** Whether the admission counter is watched. */
  isCounterWatched: boolean;
  /** Whether the host may be the next one to switch. */
  isNext: boolean;
  /** Whether the host has got ready for the first wave when the quorum was not met, and has not looked since. */
  gotReadyBelowQuorum: boolean;
  /** The node of the wave for which it has noted that it is ready by what it runs; `null`: none. */
  readyFor: string | null;
  /** Whether the first wave may be over once this host has switched, by the last reading. */
  mayFinishNext: boolean;
  /** Whether something has happened that was not looked at, since nothing is read from the fence to the report. */
  hasMissed: boolean;
  /** Whether an operator has drained the host, by the last reading that says so. */
  isDrained: boolean;
  /** Whether the host is a newcomer, by the last reading that says so. */
  isNewcomer: boolean;
  /** What the host has done about that. */
  drain: DrainState;
  /** The gate that the host waits at, and how it has fared; `null`: none. */
  gate: GateStopwatch | null;
  /** When the host has gone to the end of the staging queue last, on the monotonic clock. */
  yieldedMs: number;
  /** Until when the service may still end that an earlier life of the agent may have told to, on the monotonic clock. */
  mayEndUntilMs: number;
  /** How many hosts should run the service, by the last reading. */
  rosterCount: number;
  readonly journal: Journal;
}

/** How long a wave goes before what could not be started. What it lacked may be back then: a machine, or an operator's cure. */
const WAVE_FIRST_MS = 60_000;

/** How long a halt has stood when any host may roll back: the host that has halted needs a second, unless it has died of it. */
const HALT_STANDS_MS = 10_000;

/** Least time between two times that a host goes to the end of the queue, in ms: per host of the fleet, and at the least. */
const YIELD_GAP_MS = [50, 5_000] as const;

/** Key of the timer that holds back the hook of a drain, or of its end, that has failed. */
export const DRAIN_TIMER = "drain hook";

/** Key of the timer that holds back what has just failed. */
const RETRY_TIMER = "retry";

/** The state of a coordinator that has just started. */
export function firstState({ options, context }: Deps): State {
  const { ports = thisHost, store } = options;
  const journal = ports.openJournal(store.layout.switchJournal);
  const found = journal.read();
  if (found.state === "corrupt") {
    context.log.error(
      "{service}: the journal of the last switch cannot be read, it counts as absent: {reason}",
      {
        service: options.service,
        reason: found.file.reason,
      },
    );
  }
  return {
    zookeeper: null,
    sessionId: null,
    status: null,
    running: null,
    locked: new Map(),
    hasRejoined: false,
    isReading: false,
    isStale: false,
    unreadSinceMs: null,
    untrueSinceMs: null,
    census: new CensusReader(),
    isFreshNeeded: true,
    isQueueNew: false,
    areAllNeeded: false,
    areVotesNeeded: false,
    readingProblems: new ReadingProblems(),
    problems: { last: null, toldMs: Number.NEGATIVE_INFINITY, untold: 0 },
    phase: found.state === "present"
      ? { kind: "interrupted", change: fromJournal(found.entry) }
      : { kind: "idle" },
    preparing: null,
    prepared: null,
    attempt: null,
    attemptBefore: null,
    halt: null,
    trouble: null,
    ranSinceMs: context.clock.nowMs(),
    failures: 0,
    lastFailed: null,
    heldBackFor: null,
    unstarted: null,
    record: null,
    place: undefined,
    askedPlaces: [],
    ahead: null,
    covered: null,
    away: null,
    missing: null,
    predecessor: null,
    isCounterWatched: false,
    isNext: false,
    gotReadyBelowQuorum: false,
    readyFor: null,
    mayFinishNext: true,
    hasMissed: false,
    isDrained: false,
    isNewcomer: false,
    drain: NOT_DRAINED,
    gate: null,
    yieldedMs: Number.NEGATIVE_INFINITY,
    mayEndUntilMs: Number.NEGATIVE_INFINITY,
    rosterCount: 0,
    journal,
  };
}

/** The fields of the host's entry that follow from the service's status, while no switch is under way. */
export function healthPatch(
  { status, running }: State,
): Pick<Current, "version" | "infoHash" | "restart" | "state"> {
  // While it is being stopped, its process still runs, and nobody has checked it since.
  const isServing = status !== null && status.wanted !== null && status.version !== null &&
    status.health.ok;
  return {
    version: status?.wanted ?? null,
    infoHash: running?.infoHash,
    restart: running?.restart,
    state: isServing ? "serving" : "down",
  };
}

/** Whether a version is held back, because it has failed here a moment ago. */
export function isHeldBack(state: State, version: string, { context }: Deps): boolean {
  return state.lastFailed === version && context.timers.isActive(RETRY_TIMER);
}

/** What the host knows of itself; `null` as long as it does not know what runs. */
export function hostNow(
  state: State,
  deps: Deps,
  { place, policy }: { readonly place: HostNow["place"]; readonly policy: Policy },
): HostNow | null {
  const { status, prepared, attempt } = state;
  if (status === null) return null;
  const { host, service, agent, machine } = deps.options;
  const isReady = prepared !== null && !isHeldBack(state, prepared.version, deps);
  const clock = { policy: policy.preparation, nowMs: deps.context.clock.nowMs() };
  const overdue = attempt === null ? null : describeOverdue(attempt, clock);
  return {
    host,
    identity: { agent, machine },
    service,
    running: state.running,
    isServing: healthPatch(state).state === "serving",
    hasRejoined: state.hasRejoined,
    ready: isReady ? prepared : null,
    unstarted: unstartedVersion(state, deps),
    unprepared: attempt === null || overdue === null
      ? null
      : { ...attempt.release, reason: overdue },
    hasHaltStood: state.halt !== null && clock.nowMs - state.halt.sinceMs >= HALT_STANDS_MS,
    trouble: troubleNow(state.trouble, { ranSinceMs: state.ranSinceMs, nowMs: clock.nowMs }),
    place,
    mayYield: mayYield(state, deps),
    drain: drainNow(state.drain, {
      pid: status.pid,
      isServing: healthPatch(state).state === "serving",
      hasUndrain: deps.options.config.undrain !== undefined,
      isHeldBack: deps.context.timers.isActive(DRAIN_TIMER),
    }),
    gate: readStopwatch(state.gate, deps.context.clock.nowMs()),
    wallTimeMs: deps.context.clock.wallTimeMs(),
  };
}

/** Ends that a version is held back: somebody has mended what it has failed of. */
export function endHoldBack(state: State, { context }: Deps): void {
  state.lastFailed = null;
  state.failures = 0;
  context.timers.cancel(RETRY_TIMER);
}

/** Whether the host may go to the end of the queue again. Where all wait for their racks, they would go round and round. */
function mayYield({ yieldedMs, rosterCount }: State, { context }: Deps): boolean {
  const [perHostMs, leastMs] = YIELD_GAP_MS;
  return context.clock.nowMs() - yieldedMs >= Math.max(leastMs, perHostMs * rosterCount);
}

/** The locked bytes of all versions. */
export function lockedBytes({ locked }: State): number {
  return [...locked.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * Notes that a version failed, and holds it back for a while, `pace` times as long as usual.
 *
 * @returns For how long, in milliseconds.
 */
export function holdBack(
  state: State,
  version: string,
  { context, pace = 1 }: Deps & { readonly pace?: number },
): number {
  state.failures = state.lastFailed === version ? state.failures + 1 : 1;
  state.lastFailed = version;
  state.unstarted = { version, untilMs: context.clock.nowMs() + WAVE_FIRST_MS };
  const delayMs = pace * backOffMs(state.failures);
  context.timers.after(RETRY_TIMER, delayMs, { type: "read_due" });
  return delayMs;
}

/** Shows why a version is held back, also when the entry has said something else meanwhile: nobody else would tell. */
export function showHeldBack(state: State, why: string | null, deps: Deps): void {
  state.heldBackFor = why;
  setWaitingFor(why, deps);
}

/**
 * The version that could not be prepared or started here just now; `null` if none. It stays so while another one is being
 * prepared: whoever goes to and fro between two versions gets neither.
 */
function unstartedVersion(
  { unstarted, preparing }: State,
  { context }: Deps,
): string | null {
  if (unstarted === null) return null;
  const isOtherPreparing = preparing !== null && preparing.version !== unstarted.version;
  return isOtherPreparing || context.clock.nowMs() < unstarted.untilMs ? unstarted.version : null;
}

/** Shows in the host's entry what it waits for. */
export function setWaitingFor(waitingFor: string | null, { options }: Deps): void {
  const patch = { waitingFor: waitingFor === null ? null : shorten(waitingFor) };
  options.registrar.tell({ type: "update", service: options.service, patch });
}

/**
 * Longest text that the entry shows of what a host waits for, in characters: some lines of a table. It may quote
 * what others have written, and the entry has to fit into a znode.
 */
const SHOWN_MAX = 500;

/** A text of bounded length. */
export function shorten(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}…`;
}

/** Time before something that has failed `failures` times in a row is tried again. */
function backOffMs(failures: number): number {
  // It takes minutes to repair a full disk or a build machine; one attempt a minute is soon enough.
  return Math.min(60_000, 1_000 * 2 ** Math.min(failures, 10));
}

/** What a reading of the tree has found. */
export type Reading = CensusReading;
