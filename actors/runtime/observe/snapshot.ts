/**
 * Snapshots: the state of all actors as data, for operators and dashboards.
 *
 * @module
 */

import type { Cell } from "../cell/cell.ts";
import type { Clock } from "../clock.ts";
import type { ActorStatus } from "../cell/system_messages.ts";

/** The state of one actor, and of its children from left to right. */
export interface ActorSnapshot {
  /** Its name among its siblings. */
  readonly name: string;
  /** The name of its definition. */
  readonly kind: string;
  /** Its path. */
  readonly path: string;
  /** Where it is in its life. */
  readonly status: ActorStatus;
  /** Messages that wait. */
  readonly mailboxLength: number;
  /** Incarnations beyond the first. */
  readonly restarts: number;
  /** Messages and signals that were handled. */
  readonly handled: number;
  /** Messages that became dead letters. */
  readonly dropped: number;
  /** Mean time that a message takes to handle, in milliseconds; null if never measured. */
  readonly msPerMessage: number | null;
  /** What its definition's `summarize` shows of its state; null if there is none. */
  readonly summary: unknown;
  /** Its children, from left to right. */
  readonly children: readonly ActorSnapshot[];
}

/** Makes a snapshot of an actor with all actors below it. */
export function snapshot(cell: Cell): ActorSnapshot {
  const { name, path, status, mailboxLength, restarts, handled, dropped } = cell;
  return {
    name,
    kind: cell.definition.name ?? name,
    path,
    status,
    mailboxLength,
    restarts,
    handled,
    dropped,
    msPerMessage: cell.msPerMessage ?? null,
    summary: summarise(cell),
    children: [...cell.children?.values() ?? []].map(snapshot),
  };
}

function summarise({ definition, incarnation, status }: Cell): unknown {
  if (definition.summarize === undefined || !incarnation?.initialised) return null;
  // While it ends, `onStop` may be changing the state.
  if (status !== "running") return null;
  try {
    return definition.summarize(incarnation.state) ?? null;
  } catch (error) {
    return { error: String(error) };
  }
}

/** Something that has a tree of actors, such as an actor system. */
export interface Observed {
  /** The clock that rates are measured by. */
  readonly clock: Clock;
  /** The actors at the top, with all below them. */
  tree(): readonly ActorSnapshot[];
}

/** A snapshot of an actor, with its rate since the last look. */
export interface ObservedActor extends Omit<ActorSnapshot, "children"> {
  /** Messages and signals handled per second since the last look; null at the first. */
  readonly handledPerSecond: number | null;
  /** Its children, from left to right. */
  readonly children: readonly ObservedActor[];
}

/**
 * Looks at a system repeatedly, as a live view does, and computes rates between two looks. Each viewer
 * has an observer of its own.
 */
export class Observer {
  readonly #observed: Observed;
  #lookedAtMs = 0;
  #handled = new Map<string, number>();

  /** Makes an observer that has not looked yet. */
  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** The actors now, with their rates since the last look. */
  look(): readonly ObservedActor[] {
    const nowMs = this.#observed.clock.nowMs();
    const passedMs = nowMs - this.#lookedAtMs;
    const handledBefore = this.#handled;
    const handledNow = new Map<string, number>();
    function observe({ children, ...actor }: ActorSnapshot): ObservedActor {
      const before = handledBefore.get(actor.path);
      handledNow.set(actor.path, actor.handled);
      // Another actor of the same name begins at 0 again.
      const since = before === undefined || before > actor.handled ? undefined : before;
      const handledPerSecond = since === undefined || passedMs <= 0
        ? null
        : (actor.handled - since) / passedMs * 1_000;
      return { ...actor, handledPerSecond, children: children.map(observe) };
    }
    const actors = this.#observed.tree().map(observe);
    this.#lookedAtMs = nowMs;
    this.#handled = handledNow;
    return actors;
  }
}
