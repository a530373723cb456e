/**
 * When the tree is read again. Who waits is woken: by the watches on control and the deploy queue, by the end of the host
 * before it in the staging queue, and as the head of the queue by the admission counter. Beside that there is a safety look
 * now and then, for what no watch tells: a host that has gone without a word.
 *
 * @module
 */

import type { Deps, Reading, State } from "./state.ts";

/** Time to the safety look while the deploy queue is empty. Only an operator changes anything, and the queue is watched. */
const IDLE_MS = 60_000;

/** Time between two safety looks of a whole fleet during a rollout: each host looks as much less often as there are more. */
const FLEET_GAP_MS = 2_000;

/** Least and most time to the safety look of one host during a rollout. A small fleet stays quick. */
const WAITING_MS = [5_000, 3_600_000] as const;

/** Time to the safety look of the head of the queue: if its wake is lost, all others wait with it. */
const HEAD_MS = 10_000;

/** Time to the next reading while the host's own entry is not up to date: it is being written. */
const STALE_MS = 500;

/** Time to the next reading while the host's name belongs to another machine. */
const NAMESAKE_MS = 5_000;

/** Time to the next look of a host in quarantine: an operator may end that. */
const QUARANTINE_MS = 10_000;

/** By how much the readings of a fleet are spread that the same event asks for, in ms per host, and at the most. */
const SPREAD_MS = [5, 30_000] as const;

/** Time to the reading after this host's own entry on the roster has changed, in ms: its registration writes it as well. */
const OWN_ENTRY_MS = 200;

/** Key of the timer that asks for the next reading. */
const LOOK_TIMER = "look";

/** Key of the timer that asks for the reading by which a gate opens. */
const GATE_TIMER = "gate";

/** Key of the timer that asks for the reading when a service has had its time to end. */
const END_TIMER = "end";

/** Key of the timer that asks for the reading at the end of a freeze. */
const THAW_TIMER = "thaw";

/** Longest time until a host that waits for the end of a freeze looks again, in ms: somebody may set the clock meanwhile. */
const FROZEN_MS = 3_600_000;

/** Key of the timer that asks for the reading after an event that many hosts hear of. */
const EVENT_TIMER = "event";

/** Sets the safety look of a host that waits for others, or has nothing to do. */
export function lookLater(reading: Reading, deps: Deps): void {
  if (reading.queue.length === 0) lookAfter(IDLE_MS, deps);
  else lookWhileWaiting(reading, deps);
}

/** Sets the safety look of a host that waits for others. One that catches up waits for its look alone. */
export function lookWhileWaiting({ census: { rosterCount } }: Reading, deps: Deps): void {
  lookAsOneOf(rosterCount, deps);
}

/**
 * Sets the look of a host that has reported: at once, if it may end the wave, or if something has happened while it was busy.
 * Else others go on, and the end of the wave wakes it.
 */
export function lookAfterReport(
  { mayFinishNext, hasMissed, rosterCount }: State,
  deps: Deps,
): void {
  if (mayFinishNext || hasMissed) lookAfter(0, deps);
  else lookAsOneOf(rosterCount, deps);
}

function lookAsOneOf(rosterCount: number, deps: Deps): void {
  const [leastMs, mostMs] = WAITING_MS;
  const sharedMs = FLEET_GAP_MS * rosterCount;
  lookAfter(Math.min(mostMs, Math.max(leastMs, sharedMs)), deps);
}

/** Sets the safety look of a host that is next. */
export function lookAsHead(deps: Deps): void {
  lookAfter(HEAD_MS, deps);
}

/** Sets the next look of a host whose entry in the tree does not say what is true. */
export function lookOnceWritten(deps: Deps): void {
  lookAfter(STALE_MS, deps);
}

/** Sets the look of a host whose service may be ending, when it has had the time for that. */
export function lookAtEnd(leftMs: number, { context }: Deps): void {
  context.timers.after(END_TIMER, leftMs, { type: "read_due" });
}

/** Sets the next look of a host in quarantine. */
export function lookInQuarantine(deps: Deps): void {
  lookAfter(QUARANTINE_MS, deps);
}

/** Sets the next look of a host that may not register. */
export function lookAsNamesake(deps: Deps): void {
  lookAfter(NAMESAKE_MS, deps);
}

/** Has the tree read again after `delayMs`, give or take a fifth, so that a fleet does not read at the same moment. */
export function lookAfter(delayMs: number, { context }: Deps): void {
  const jitter = 0.8 + 0.4 * context.random.next();
  context.timers.after(LOOK_TIMER, delayMs * jitter, { type: "read_due" });
}

/**
 * Sets the look by which a gate opens whose time has passed. Whoever looks first opens it, and the others hear of that; so each
 * looks at a moment of its own, and those that make the check of a gate (`isFirst`) before all others.
 */
export function lookForGate(
  delayMs: number,
  { isFirst }: { readonly isFirst: boolean },
  { context, state }: Deps & { readonly state: Pick<State, "rosterCount"> },
): void {
  const spreadMs = isFirst ? 0 : spreadOf(state) * context.random.next();
  context.timers.after(GATE_TIMER, delayMs + spreadMs, { type: "read_due" });
}

/** Sets the look of a host that waits for the end of a freeze, which many wait for: each looks at a moment of its own. */
export function lookAtThaw(
  leftMs: number,
  { context, state }: Deps & { readonly state: Pick<State, "rosterCount"> },
): void {
  const delayMs = Math.min(leftMs, FROZEN_MS) + spreadOf(state) * context.random.next();
  context.timers.after(THAW_TIMER, delayMs, { type: "read_due" });
}

/** Over which time the readings of a fleet are spread that the same event asks for, in ms. */
function spreadOf({ rosterCount }: Pick<State, "rosterCount">): number {
  const [perHostMs, mostMs] = SPREAD_MS;
  return Math.min(mostMs, perHostMs * rosterCount);
}

/**
 * Whether an event that the whole fleet hears of is acted on at once: by a host that is next, or may have to turn back. For
 * the others, the next reading is set at some moment soon, each at its own.
 */
export function isForUsFirst(state: State, { context }: Deps): boolean {
  if (state.isNext || state.phase.kind === "draining") return true;
  if (!context.timers.isActive(EVENT_TIMER)) {
    const delayMs = spreadOf(state) * context.random.next();
    context.timers.after(EVENT_TIMER, delayMs, { type: "read_due" });
  }
  return false;
}

/** Sets the reading after a change of the host's own entry on the roster, of which no other host hears. */
export function lookAfterOwnEntry({ context }: Deps): void {
  if (context.timers.isActive(EVENT_TIMER)) return;
  context.timers.after(EVENT_TIMER, OWN_ENTRY_MS, { type: "read_due" });
}
