/**
 * The host's place in the staging queue, and what wakes it there: the end of the host before it, or as one of those that may
 * be next, the admission counter. If every host watched the whole queue, every change would wake the whole fleet.
 *
 * @module
 */

import { apply, leaveStaging } from "../../coordination/mod.ts";
import {
  covers,
  departuresBetween,
  isAwayBySwitching,
  isQuorumMet,
  isSameRelease,
  parseSequentialName,
  type QueueSize,
  slotsPath,
  stagingPath,
  transactions,
  WAITS_FOR_TURN,
} from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { act } from "./act.ts";
import type { JoinOutcome, RegistrarMessage } from "../registrar/messages.ts";
import { lookOnceWritten } from "./look.ts";
import type { HostNow, Next } from "./machine/next.ts";
import { type Deps, type Place, type Reading, setWaitingFor, type State } from "./state.ts";

/** How long joining the queue may take. The transaction takes milliseconds, but the connection may have to be made again. */
const JOIN_TIMEOUT_MS = 30_000;

/** Most hosts before this one that are looked for at a time. If none of them is found, it is counted whether that can be all. */
const LOOKED_FOR_MAX = 4;

/** The places that a reading looks for: the host's own, and the nearest ones before it. */
export function placesToAskFor({ place, covered }: State): readonly string[] {
  return place ? [place.node, ...nearestAhead(place, covered)] : [];
}

/** Whether the host has joined the queue, and does not know yet who is before it. */
export function needsQueueNames({ place }: State): boolean {
  return place !== null && place !== undefined && place.ahead === null;
}

/** The host's place as the rules see it; `not_read`: who is before it has to be read first. */
export function placeNow(
  state: State,
  reading: Reading,
  { options: { service } }: Deps,
): HostNow["place"] | "not_read" {
  const { census: { wave }, places: asked, stagingQueue, queueSize, view } = reading;
  const isKnown = (node: string) => view !== null || state.askedPlaces.includes(node);
  const place = withNames(state.place, { queue: stagingQueue, size: queueSize, isKnown });
  if (place === null || place === undefined) return place;
  if (place.ahead === null) return "not_read";
  // Those that were just named stand.
  const places = state.place?.ahead === null ? asked.union(new Set(place.ahead)) : asked;
  // Hosts that the wave does not cover stay in the queue for a later one.
  state.covered = wave?.service === service ? wave.hosts : null;
  const nearest = nearestAhead(place, state.covered);
  const isAnyFound = nearest.some((node) => places.has(node));
  if (!isKnown(place.node) || !isAnyFound && !nearest.every(isKnown)) return "not_read";
  // Who has left does not come back to its place.
  const ahead = place.ahead.filter((node) => places.has(node) || !isKnown(node));
  state.place = { ...place, ahead };
  // Where the nearest have gone, a reading of all hosts knows of those before them as well.
  const found = nearestAhead(state.place, state.covered).findLast((node) => places.has(node));
  const { covered } = state;
  if (found === undefined && !haveAllLeft(state.place, { size: queueSize, covered })) {
    state.place = { ...place, ahead: null, named: null };
    return "not_read";
  }
  state.ahead = found ?? null;
  const behind = found === undefined ? null : hostOfPlace(found);
  return { release: place.release, stands: places.has(place.node), behind };
}

/**
 * Whether all before this place have left the queue, where the nearest have: as many have left as were before it. If fewer have,
 * as when a rack has lost its power, somebody stands before it. If more have, some of those behind it are among them, and
 * nobody knows how many. Where that is not counted, they have.
 */
function haveAllLeft(
  { ahead, named }: Place,
  { size, covered }: {
    readonly size: QueueSize | null;
    readonly covered: readonly string[] | null;
  },
): boolean {
  if (ahead === null || named === null || size === null) return true;
  const unknownCount = coveredOf(ahead, covered).length;
  const foundGone = named.aheadCount - ahead.length;
  return unknownCount === 0 || departuresBetween(named.size, size) - foundGone === unknownCount;
}

/** The place with those before it, if a reading that knows of this place has just named them. */
function withNames(
  place: State["place"],
  { queue, size, isKnown }: {
    readonly queue: readonly string[] | null;
    readonly size: QueueSize | null;
    readonly isKnown: (node: string) => boolean;
  },
): State["place"] {
  if (place === null || place === undefined || place.ahead !== null || queue === null) return place;
  if (!isKnown(place.node)) return place;
  const index = queue.indexOf(place.node);
  const host = hostOfPlace(place.node);
  const ahead = queue.slice(0, Math.max(0, index)).filter((node) => hostOfPlace(node) !== host);
  return { ...place, ahead, named: size === null ? null : { aheadCount: ahead.length, size } };
}

/** Where several may switch at once, who waits behind a host does not wait for its report: the place that it leaves before. */
export function placeToLeave({ place }: State, { census, places }: Reading): string | null {
  if (place === null || place === undefined || census.policy.maxConcurrent === 1) return null;
  return places.has(place.node) ? place.node : null;
}

/** Joins the staging queue. */
export function joinQueue(
  state: State,
  { version, infoHash, isBelowQuorum }: Extract<Next, { kind: "join_queue" }>,
  { options, context }: Deps,
): State {
  const release = { version, infoHash };
  const mayStand = state.place !== null;
  state.gotReadyBelowQuorum = isBelowQuorum;
  state.attemptBefore = null;
  state.phase = { kind: "acting", interrupted: null };
  // Written as it joins, so that most hosts need not write again until it is their turn.
  setWaitingFor(WAITS_FOR_TURN, { options, context });
  context.ask<RegistrarMessage, JoinOutcome>(
    options.registrar,
    (replyTo) => ({ type: "join", service: options.service, release, mayStand, replyTo }),
    {
      timeoutMs: JOIN_TIMEOUT_MS,
      ok: (outcome) => ({ type: "queue_answer", release, outcome }),
      error: ({ message: reason }) => ({
        type: "queue_answer",
        release,
        outcome: { ok: false, reason },
      }),
    },
  );
  return state;
}

/** Leaves the staging queue. */
export function leaveQueue(
  state: State,
  { zookeeper, deps }: { readonly zookeeper: ZooKeeper; readonly deps: Deps },
): void {
  const { service, host } = deps.options;
  state.place = undefined;
  act(state, {
    what: "leave the staging queue",
    change: () => leaveStaging(zookeeper, service, host),
    onDone: () => ({ type: "left_queue" }),
  }, deps);
}

/** Goes to the end of the queue, so that others pass: without its place, the host takes a new one. */
export function goToEnd(
  state: State,
  tools: { readonly zookeeper: ZooKeeper; readonly deps: Deps },
): State {
  state.yieldedMs = tools.deps.context.clock.nowMs();
  leaveQueue(state, tools);
  return state;
}

function nearestAhead({ ahead }: Place, covered: readonly string[] | null): readonly string[] {
  return coveredOf(ahead ?? [], covered).slice(-LOOKED_FOR_MAX);
}

/** The places of hosts that the wave covers. */
function coveredOf(
  nodes: readonly string[],
  covered: readonly string[] | null,
): readonly string[] {
  const hosts = covered === null ? null : new Set(covered);
  return hosts === null ? nodes : nodes.filter((node) => hosts.has(hostOfPlace(node)));
}

/** The host that a place belongs to. */
function hostOfPlace(node: string): string {
  return parseSequentialName(node)?.prefix ?? node;
}

/**
 * Sees to it that the host is woken when it is its turn: by the end of the host before it; or, if it is the first one, or is
 * down or drained and waits for nobody in the queue, by the admission counter.
 *
 * @returns Whether it may be next.
 */
export function awaitTurn(
  state: State,
  reading: Reading,
  on: { zookeeper: ZooKeeper; deps: Deps },
): boolean {
  const { census } = reading;
  const { wave } = census;
  const { deps } = on;
  const predecessor = state.ahead;
  if (predecessor !== null) watchPredecessor(state, predecessor, on);
  const isFirst = predecessor === null || !isAwayBySwitching(census);
  const isNext = wave?.service === deps.options.service && isFirst;
  if (isNext) watchCounter(state, reading, on);
  return isNext;
}

/**
 * Notes that a host which rests is ready for the first wave by running its version already, as most are where a part of a fleet
 * is taken back. It is counted with its entry, which is being written: below the quorum it looks once more, whether that has
 * completed it. Once for each wave.
 */
export function noteReady(
  state: State,
  { census }: Reading,
  { now, deps }: { readonly now: HostNow; readonly deps: Deps },
): void {
  const { wave } = census;
  const { service, host } = deps.options;
  if (wave === null || wave.service !== service || !covers(wave, host)) return;
  if (now.running === null || !isSameRelease(now.running, wave)) return;
  if (state.readyFor === wave.node) return;
  state.readyFor = wave.node;
  if (isQuorumMet(census)) return;
  state.gotReadyBelowQuorum = true;
  lookOnceWritten(deps);
}

/**
 * Moves the admission counter on if this host has completed the quorum by joining the queue, or by what it runs: the head sees
 * neither. Of two that do so at once both may move it on, which does no harm.
 *
 * @returns Whether that is under way.
 */
export function wakeHead(
  state: State,
  reading: Reading,
  { zookeeper, deps }: { zookeeper: ZooKeeper; deps: Deps },
): boolean {
  const { service } = deps.options;
  const isFirstLook = state.gotReadyBelowQuorum;
  state.gotReadyBelowQuorum = false;
  const { wave } = reading.census;
  if (!isFirstLook || wave === null || wave.service !== service) return false;
  if (!isQuorumMet(reading.census)) return false;
  const operations = [transactions.bumpCounter(service)];
  const change = () => apply(zookeeper, operations);
  act(state, { what: "wake the head of the queue", change }, deps);
  return true;
}

function watchPredecessor(
  state: State,
  predecessor: string,
  { zookeeper, deps: { options, context } }: { zookeeper: ZooKeeper; deps: Deps },
): void {
  if (predecessor === state.predecessor) return;
  state.predecessor = predecessor;
  const path = stagingPath(options.service, predecessor);
  context.pipeToSelf(
    (signal) =>
      zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "turn_changed", path }),
        signal,
      }),
    {
      // If it is gone already, the watch will not fire; nor may it ever for a stranger's node, which no session holds.
      ok: (stat) => ({
        type: "turn_watched",
        path,
        isCurrent: stat !== null && stat.ephemeralOwner !== 0n,
      }),
      error: () => ({ type: "turn_watched", path, isCurrent: false }),
    },
    { key: "predecessor" },
  );
}

function watchCounter(
  state: State,
  { census: { slotsVersion } }: Reading,
  { zookeeper, deps: { options, context } }: { zookeeper: ZooKeeper; deps: Deps },
): void {
  if (state.isCounterWatched) return;
  state.isCounterWatched = true;
  const path = slotsPath(options.service);
  context.pipeToSelf(
    (signal) =>
      zookeeper.exists(path, {
        watch: () => context.self.tell({ type: "turn_changed", path }),
        signal,
      }),
    {
      // What has changed between the reading and the watch, the watch does not tell.
      ok: (stat) => ({ type: "turn_watched", path, isCurrent: stat?.version === slotsVersion }),
      error: () => ({ type: "turn_watched", path, isCurrent: false }),
    },
    { key: "counter" },
  );
}

/** Handles the end of a watch of {@link awaitTurn}, or one that could not be set: it is set again after the next reading. */
export function forgetWatch(state: State, path: string, { options }: Deps): void {
  if (path === slotsPath(options.service)) state.isCounterWatched = false;
  else if (path === stagingPath(options.service, state.predecessor ?? "")) state.predecessor = null;
}
