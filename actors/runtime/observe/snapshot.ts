/**
 * The actors as they stand, as data: what an operator or a dashboard looks at.
 *
 * @module
 */

import type { Cell } from "../cell/cell.ts";
import type { Clock } from "../clock.ts";
import type { ActorStatus } from "../cell/system_messages.ts";

/** One actor, as it stands, and its children from left to right. */
export interface ActorSnapshot {
  readonly name: string;
  /** What its definition calls itself. */
  readonly kind: string;
  readonly path: string;
  readonly status: ActorStatus;
  /** Messages that wait. */
  readonly mailboxLength: number;
  /** Incarnations beyond the first. */
  readonly restarts: number;
  /** Messages and signals that were handled. */
  readonly handled: number;
  /** Messages that became dead letters. */
  readonly dropped: number;
  /** How long a message takes to handle, in milliseconds; null if it was never measured. */
  readonly msPerMessage: number | null;
  /** What its definition's `summarize` shows of its state; null if there is none. */
  readonly summary: unknown;
  readonly children: readonly ActorSnapshot[];
}

/** A cell with all below it. */
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
  // While it ends, the state is in the hands of its clean-up.
  if (status !== "running") return null;
  try {
    return definition.summarize(incarnation.state) ?? null;
  } catch (error) {
    return { error: String(error) };
  }
}

/** Something that has a tree of actors. */
export interface Observed {
  readonly clock: Clock;
  tree(): readonly ActorSnapshot[];
}

/** An actor with what it did since one looked last. */
export interface ObservedActor extends Omit<ActorSnapshot, "children"> {
  /** Messages and signals handled per second since the last look; null at the first. */
  readonly handledPerSecond: number | null;
  readonly children: readonly ObservedActor[];
}

/**
 * Looks at a system again and again, as a live view does, and says what happened in between. Each
 * viewer has one of its own.
 */
export class Observer {
  readonly #observed: Observed;
  #lookedAtMs = 0;
  #handled = new Map<string, number>();

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** The actors as they stand. */
  look(): readonly ObservedActor[] {
    const nowMs = this.#observed.clock.nowMs();
    const passedMs = nowMs - this.#lookedAtMs;
    const handledBefore = this.#handled;
    const handledNow = new Map<string, number>();
    function observe({ children, ...actor }: ActorSnapshot): ObservedActor {
      const before = handledBefore.get(actor.path);
      handledNow.set(actor.path, actor.handled);
      // An actor that was replaced by another of its name begins at 0 again.
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
